// `sigmahat info`.
#pragma once

#include <string>

#include "cli11.hpp"

namespace sigmahat::cli {

struct InfoArguments {
  std::string device = "auto";
  int threads = 0;
  bool json = false;
};

void add_info(CLI::App& application);
void run_info(const InfoArguments& arguments);

}  // namespace sigmahat::cli
