// Reads .npz files for the tests, by libzip and a reading of the header that shares no code with the writer.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::cli::test {

struct NpzArray {
  std::string descr;         ///< "<f8"
  std::vector<Index> shape;  ///< empty: a single item
  std::string bytes;

  std::vector<double> numbers() const;     ///< of dtype f8, i8 or i4
  std::vector<std::string> texts() const;  ///< of dtype U, as UTF-8
};

struct NpzEntry {
  std::string name;
  bool stored = false;  ///< without compression
};

/// Arrays by name, without ".npy"; `entries`, where given, gets what the container says in its own order.
std::map<std::string, NpzArray> read_npz(const std::string& path, std::vector<NpzEntry>* entries = nullptr);

}  // namespace sigmahat::cli::test
