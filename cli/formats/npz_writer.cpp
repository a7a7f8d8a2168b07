#include "formats/npz_writer.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <exception>

#include "sigmahat/host/error.hpp"

namespace sigmahat::cli {
namespace {

/// Magic, version 1.0, and the dictionary, padded so that the numbers begin at a multiple of 64.
std::string npy_header(const std::string& type, const std::vector<Index>& shape) {
  constexpr std::size_t kAlignment = 64, kBeforeDictionary = 10;
  std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", type,
                                       fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  while ((kBeforeDictionary + dictionary.size() + 1) % kAlignment != 0) dictionary += ' ';
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dictionary.size() & 0xFF);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}

/// libzip's view of the output file: it writes at places of its choice, and reads nothing back.
class ZipTarget {
 public:
  explicit ZipTarget(OutputFile& file) : file_(file) {}

  zip_int64_t answer(void* data, zip_uint64_t length, zip_source_cmd_t command) {
    switch (command) {
      case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
                                              ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_COMMIT_WRITE,
                                              ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE,
                                              ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_REMOVE, -1);
      case ZIP_SOURCE_STAT: {
        auto& status = *static_cast<zip_stat_t*>(data);
        zip_stat_init(&status);
        status.size = 0;
        status.valid = ZIP_STAT_SIZE;
        return sizeof status;
      }
      case ZIP_SOURCE_WRITE: return write(static_cast<const char*>(data), length);
      case ZIP_SOURCE_SEEK_WRITE: return seek(data, length);
      case ZIP_SOURCE_TELL_WRITE: return place_;
      case ZIP_SOURCE_ERROR: return zip_error_to_data(&error_, data, length);
      default: return 0;  // opening, closing, committing and reading nothing are the same here
    }
  }
  /// What went wrong in the file; libzip knows only that something did.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  zip_int64_t write(const char* bytes, zip_uint64_t length) {
    try {
      file_.write_at({bytes, length}, place_);
    } catch (...) {
      failure_ = std::current_exception();
      zip_error_set(&error_, ZIP_ER_WRITE, 0);
      return -1;
    }
    place_ += static_cast<zip_int64_t>(length);
    end_ = std::max(end_, place_);
    return static_cast<zip_int64_t>(length);
  }
  zip_int64_t seek(void* data, zip_uint64_t length) {
    const zip_int64_t place = zip_source_seek_compute_offset(static_cast<zip_uint64_t>(place_),
                                                             static_cast<zip_uint64_t>(end_), data, length, &error_);
    if (place < 0) return -1;
    place_ = place;
    return 0;
  }

  OutputFile& file_;
  zip_int64_t place_ = 0, end_ = 0;
  zip_error_t error_{};
  std::exception_ptr failure_;
};

zip_int64_t answer_for(void* target, void* data, zip_uint64_t length, zip_source_cmd_t command) {
  return static_cast<ZipTarget*>(target)->answer(data, length, command);
}

[[noreturn]] void fail(const ZipTarget& target, const std::string& reason) {
  target.rethrow();
  throw DataError(fmt::format("--out: the .npz container cannot be written: libzip: {}", reason));
}

}  // namespace

void write_npz(const NamedArrays& arrays, OutputFile& file) {
  ZipTarget target(file);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const sink = zip_source_function_create(answer_for, &target, &error);
  zip_t* archive = sink == nullptr ? nullptr : zip_open_from_source(sink, ZIP_CREATE | ZIP_TRUNCATE, &error);
  if (archive == nullptr) {
    if (sink != nullptr) zip_source_free(sink);
    fail(target, zip_error_strerror(&error));
  }
  const auto fail_archive = [&] {
    const std::string reason = zip_strerror(archive);
    zip_discard(archive);
    fail(target, reason);
  };
  std::deque<std::string> headers;
  for (const NamedArrays::Entry& entry : arrays.entries()) {
    // Header and numbers stay where they are.
    std::string& header = headers.emplace_back(npy_header(entry.type, entry.shape));
    const zip_buffer_fragment_t parts[] = {{reinterpret_cast<zip_uint8_t*>(header.data()), header.size()},
                                           {static_cast<zip_uint8_t*>(const_cast<void*>(entry.data)), entry.bytes}};
    zip_source_t* const source = zip_source_buffer_fragment(archive, parts, entry.bytes == 0 ? 1 : 2, 0);
    if (source == nullptr) fail_archive();
    const zip_int64_t index = zip_file_add(archive, (entry.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      fail_archive();
    }
    const auto place = static_cast<zip_uint64_t>(index);
    constexpr zip_uint16_t kMidnight = 0, kFirstOfJanuary1980 = 1 << 5 | 1;
    if (zip_set_file_compression(archive, place, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive, place, kMidnight, kFirstOfJanuary1980, 0) != 0) {
      fail_archive();
    }
  }
  if (zip_close(archive) != 0) fail_archive();
}

std::pair<std::string, std::string> zip_library() { return {"libzip", zip_libzip_version()}; }

}  // namespace sigmahat::cli
