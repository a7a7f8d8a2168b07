// Emulated memory: a range of addresses with a state for every byte, and room for what the checker notes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace sigmahat::emulator {

enum class ByteState : std::uint8_t { outside, fresh, written, freed };

/// Who touched a granule of four bytes, and when.
struct Access {
  std::uint32_t phase = 0;  // counts barriers over all blocks; 0: nobody
  std::uint32_t clock = 0;  // of the thread in its warp
  std::uint32_t place = 0;  // in the program
  std::uint16_t thread = 0;
  std::uint8_t bytes = 0;  // a bit for each
  bool atomic = false;
};
struct Granule {
  Access write, other_write, reads[2];
};

/// Address space of fixed size; pages cost memory once they are touched.
class Arena {
 public:
  explicit Arena(std::size_t bytes);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  bool contains(const void* address) const { return offset(address) < bytes_; }
  ByteState* state(const void* address) const { return states_ + offset(address); }
  Granule* granule(const void* address) const { return granules_ + offset(address) / 4; }
  char* base() const { return base_; }
  std::size_t bytes() const { return bytes_; }

  void mark(void* first, std::size_t bytes, ByteState state);
  /// Uninitialised memory of so many bytes: filled with 0xFF.
  void poison(void* first, std::size_t bytes);

 private:
  std::size_t offset(const void* address) const {
    return static_cast<std::size_t>(static_cast<const char*>(address) - base_);  // below the base: very large
  }

  std::size_t bytes_;
  char* base_;
  ByteState* states_;
  Granule* granules_;
};

/// Device memory. Allocations have wide unused zones around them, and freed memory is reused as late as possible.
class GlobalMemory {
 public:
  Arena& arena() { return arena_; }
  /// nullptr where the arena is full, or less than `bytes` is free.
  void* allocate(std::size_t bytes);
  /// False where no allocation begins there.
  bool release(void* memory);
  std::size_t live() const { return live_.size(); }
  std::size_t live_bytes() const { return live_bytes_; }
  /// What may still be allocated.
  std::size_t free_bytes() const { return most_bytes_ < live_bytes_ ? 0 : most_bytes_ - live_bytes_; }
  void set_most_bytes(std::size_t bytes) { most_bytes_ = bytes; }
  std::size_t arena_bytes() const { return arena_.bytes(); }
  /// The last allocation that begins before the address, or nothing.
  std::pair<const char*, std::size_t> allocation_before(const void* address) const;
  /// Why a library may not touch these bytes, or an empty text. `reads` also demands that all of them have been written.
  std::string objection(const void* first, std::size_t bytes, bool reads) const;
  /// How many of the bytes have been written.
  std::size_t written_bytes(const void* first, std::size_t bytes) const;
  /// Copies what is known of the bytes along with them.
  void copy(void* to, const void* from, std::size_t bytes);
  void set_written(void* first, std::size_t bytes) { arena_.mark(first, bytes, ByteState::written); }

 private:
  bool is_allocated(const void* first, std::size_t bytes) const;

  Arena arena_{std::size_t{1} << 30};
  std::map<std::size_t, std::size_t> live_;  // offset and bytes
  std::size_t next_ = 0, live_bytes_ = 0, most_bytes_ = arena_.bytes();
};

extern GlobalMemory the_global_memory;
inline GlobalMemory& global_memory() { return the_global_memory; }

}  // namespace sigmahat::emulator
