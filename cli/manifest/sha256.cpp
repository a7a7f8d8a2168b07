#include "manifest/sha256.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "formats/mapped_file.hpp"

namespace sigmahat::cli {
namespace {

void require(int done, const char* call) {
  if (done != 1) throw std::runtime_error(fmt::format("OpenSSL: {} failed", call));
}

}  // namespace

void Sha256::Delete::operator()(EVP_MD_CTX* state) const { EVP_MD_CTX_free(state); }

Sha256::Sha256() : state_(EVP_MD_CTX_new()) {
  require(state_ != nullptr, "EVP_MD_CTX_new");
  require(EVP_DigestInit_ex(state_.get(), EVP_sha256(), nullptr), "EVP_DigestInit_ex");
}

void Sha256::add(const void* data, std::size_t bytes) {
  require(EVP_DigestUpdate(state_.get(), data, bytes), "EVP_DigestUpdate");
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  require(EVP_DigestFinal_ex(state_.get(), digest.data(), nullptr), "EVP_DigestFinal_ex");
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

FileDigest file_digest(const std::string& path) {
  const MappedFile file(path);
  Sha256 sum;
  sum.add(file.text(), file.size());
  return {sum.finish(), static_cast<std::int64_t>(file.size())};
}

std::pair<std::string, std::string> digest_library() { return {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)}; }

}  // namespace sigmahat::cli
