// SHA-256 (FIPS 180-4), computed by OpenSSL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

struct evp_md_ctx_st;  // EVP_MD_CTX of OpenSSL

namespace sigmahat::cli {

class Sha256 {
 public:
  Sha256();
  void add(const void* data, std::size_t bytes);
  /// 64 hexadecimal digits; nothing can be added afterwards.
  std::string finish();

 private:
  struct Delete {
    void operator()(evp_md_ctx_st* state) const;
  };
  std::unique_ptr<evp_md_ctx_st, Delete> state_;
};

/// What a file holds.
struct FileDigest {
  std::string sha256;
  std::int64_t bytes = 0;
};
/// DataError, beginning with the path, if the file cannot be read, is none (a folder, a pipe) or is empty.
FileDigest file_digest(const std::string& path);

/// Name and version of the library that computes it.
std::pair<std::string, std::string> digest_library();

}  // namespace sigmahat::cli
