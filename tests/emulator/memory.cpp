#include "memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace sigmahat::emulator {
namespace {

constexpr std::size_t kZone = std::size_t{64} << 10;  // unused on both sides of an allocation
constexpr std::size_t kAlignment = 256;               // as cudaMalloc's
constexpr std::size_t kPage = 4096;

void* reserve(std::size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

std::size_t rounded_up(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

/// Whole pages of [first, first + bytes) go back to the system.
void give_back(void* first, std::size_t bytes) {
  const std::size_t begin = rounded_up(reinterpret_cast<std::size_t>(first), kPage);
  const std::size_t end = (reinterpret_cast<std::size_t>(first) + bytes) / kPage * kPage;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace

Arena::Arena(std::size_t bytes)
    : bytes_(bytes),
      base_(static_cast<char*>(reserve(bytes))),
      states_(static_cast<ByteState*>(reserve(bytes))),
      granules_(static_cast<Granule*>(reserve(bytes / 4 * sizeof(Granule)))) {}

void Arena::mark(void* first, std::size_t bytes, ByteState state) {
  if (bytes == 0) return;
  std::memset(this->state(first), static_cast<int>(state), bytes);
#if defined(__SANITIZE_ADDRESS__)
  const bool usable = state == ByteState::fresh || state == ByteState::written;
  usable ? __asan_unpoison_memory_region(first, bytes) : __asan_poison_memory_region(first, bytes);
#endif
}

void Arena::poison(void* first, std::size_t bytes) {
  mark(first, bytes, ByteState::fresh);
  std::memset(first, 0xff, bytes);
}

// No caller could handle that: without its memory there is nothing to test.
GlobalMemory the_global_memory;  // NOLINT(bugprone-throwing-static-initialization)

void* GlobalMemory::allocate(std::size_t bytes) {
  if (bytes > free_bytes()) return nullptr;
  const std::size_t room = rounded_up(bytes, kAlignment) + 2 * kZone;
  for (int attempt = 0; attempt < 2; ++attempt) {
    while (next_ + room <= arena_.bytes()) {
      const auto after = live_.upper_bound(next_);
      const auto before = after == live_.begin() ? live_.end() : std::prev(after);
      if (before != live_.end() && before->first + before->second > next_) {
        next_ = rounded_up(before->first + before->second, kAlignment);
      } else if (after != live_.end() && after->first < next_ + room) {
        next_ = rounded_up(after->first + after->second, kAlignment);
      } else {
        char* const memory = arena_.base() + next_ + kZone;
        arena_.mark(memory - kZone, kZone, ByteState::outside);
        arena_.mark(memory + bytes, room - kZone - bytes, ByteState::outside);
        arena_.poison(memory, bytes);
        live_[next_ + kZone] = bytes;
        live_bytes_ += bytes;
        next_ += room - kZone;
        return memory;
      }
    }
    next_ = 0;  // from the beginning, where memory has been freed by now
  }
  return nullptr;
}

bool GlobalMemory::release(void* memory) {
  if (!arena_.contains(memory)) return false;
  const auto place = live_.find(static_cast<std::size_t>(static_cast<char*>(memory) - arena_.base()));
  if (place == live_.end()) return false;
  const std::size_t bytes = place->second;
  live_bytes_ -= bytes;
  give_back(memory, bytes);
  if (bytes >= kPage) give_back(arena_.granule(memory), bytes / 4 * sizeof(Granule));
  arena_.mark(memory, bytes, ByteState::freed);
  live_.erase(place);
  return true;
}

bool GlobalMemory::is_allocated(const void* first, std::size_t bytes) const {
  if (!arena_.contains(first)) return false;
  const auto [data, size] = allocation_before(first);
  return data != nullptr && static_cast<const char*>(first) + bytes <= data + size;
}

std::pair<const char*, std::size_t> GlobalMemory::allocation_before(const void* address) const {
  const auto after = live_.upper_bound(static_cast<std::size_t>(static_cast<const char*>(address) - arena_.base()));
  if (after == live_.begin()) return {nullptr, 0};
  return {arena_.base() + std::prev(after)->first, std::prev(after)->second};
}

std::string GlobalMemory::objection(const void* first, std::size_t bytes, bool reads) const {
  if (bytes == 0) return {};
  if (!is_allocated(first, bytes)) {
    if (!arena_.contains(first)) return "is no device memory";
    if (*arena_.state(first) == ByteState::freed) return "has been freed";
    return "does not lie in an allocation with all of its " + std::to_string(bytes) + " bytes";
  }
  const std::size_t written = written_bytes(first, bytes);
  if (!reads || written == bytes) return {};
  return "has been written in " + std::to_string(written) + " of " + std::to_string(bytes) + " bytes alone";
}

std::size_t GlobalMemory::written_bytes(const void* first, std::size_t bytes) const {
  const ByteState* const states = arena_.state(first);
  return static_cast<std::size_t>(std::count(states, states + bytes, ByteState::written));
}

void GlobalMemory::copy(void* to, const void* from, std::size_t bytes) {
  std::memmove(to, from, bytes);
  std::memmove(arena_.state(to), arena_.state(from), bytes);
}

}  // namespace sigmahat::emulator
