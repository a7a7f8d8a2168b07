#include "manifest/sha256.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

void require(int done, const char* call) {
  if (done != 1) throw std::runtime_error(fmt::format("OpenSSL: {} failed", call));
}

EVP_MD_CTX* context(void* state) { return static_cast<EVP_MD_CTX*>(state); }

}  // namespace

void Sha256::Delete::operator()(void* state) const { EVP_MD_CTX_free(context(state)); }

Sha256::Sha256() : state_(EVP_MD_CTX_new()) {
  require(state_ != nullptr, "EVP_MD_CTX_new");
  require(EVP_DigestInit_ex(context(state_.get()), EVP_sha256(), nullptr), "EVP_DigestInit_ex");
}

void Sha256::add(const void* data, std::size_t bytes) {
  require(EVP_DigestUpdate(context(state_.get()), data, bytes), "EVP_DigestUpdate");
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  require(EVP_DigestFinal_ex(context(state_.get()), digest.data(), nullptr), "EVP_DigestFinal_ex");
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

FileDigest file_digest(const std::string& path) {
  const auto fail = [&] { throw DataError(fmt::format("{}: cannot be read: {}", path, std::strerror(errno))); };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) fail();
  Sha256 sum;
  FileDigest result;
  std::vector<char> piece(std::size_t{1} << 20);
  while (std::feof(file.get()) == 0) {
    const std::size_t count = std::fread(piece.data(), 1, piece.size(), file.get());
    if (std::ferror(file.get()) != 0) fail();
    sum.add(piece.data(), count);
    result.bytes += static_cast<std::int64_t>(count);
  }
  result.sha256 = sum.finish();
  return result;
}

std::pair<std::string, std::string> digest_library() { return {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)}; }

}  // namespace sigmahat::cli
