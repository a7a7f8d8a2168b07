// The memory, initialisation and race checker. Kernels are compiled with -fsanitize=thread,undefined, which puts a call
// before every access and around arithmetic with limits; the functions called are these instead of the compiler's own.
//
// A granule of four bytes remembers its last write, one that this does not stand for, and two reads. Two accesses of
// which one writes are a race unless the earlier one comes before the later one: in the same thread; before a barrier of
// the block; before a warp_barrier() of both threads; or before a fence and an atomic operation that the later block's
// atomic operation has seen.
#include <algorithm>

#include <link.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "control.hpp"
#include "machine.hpp"

namespace sigmahat::emulator {

thread_local bool checking = false;

namespace {

constexpr std::uint64_t kAllWritten = 0x0202020202020202;  // eight states ByteState::written
static_assert(static_cast<int>(ByteState::written) == 2);

const char* verb(Kind kind) {
  return kind == Kind::read ? "reads" : kind == Kind::write ? "writes" : "changes by an atomic operation";
}

std::string described(const void* address, std::size_t bytes, Kind kind, const void* place) {
  const bool shared = machine().shared.contains(address);
  return std::string(verb(kind)) + " " + std::to_string(bytes) + " bytes of " +
         (shared                                      ? "shared"
          : global_memory().arena().contains(address) ? "global"
                                                      : "host") +
         " memory at " + source_line(place);
}

struct Range {
  std::uintptr_t first, last;
};

/// Memory of the program that nobody can change: constants.
bool is_constant(const void* address) {
  static const std::vector<Range> ranges = [] {
    std::vector<Range> found;
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* result) {
          for (int k = 0; k < info->dlpi_phnum; ++k) {
            const auto& header = info->dlpi_phdr[k];
            const bool fixed =
                (header.p_type == PT_LOAD && (header.p_flags & PF_W) == 0) || header.p_type == PT_GNU_RELRO;
            const std::uintptr_t first = info->dlpi_addr + header.p_vaddr;
            if (fixed) static_cast<std::vector<Range>*>(result)->push_back({first, first + header.p_memsz});
          }
          return 0;
        },
        &found);
    return found;
  }();
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  for (const Range& range : ranges) {
    if (value >= range.first && value < range.last) return true;
  }
  return false;
}

/// Memory that is neither shared nor global: the thread's own, its parameters, constants, or a fault.
void check_elsewhere(const void* address, std::size_t bytes, Kind kind, const void* place) {
  Machine& m = machine();
  if (m.thread().fiber.on_stack(address)) return;
  const char* const parameters = static_cast<const char*>(m.launch->parameters.get());
  const bool is_parameter = address >= parameters && address < parameters + m.launch->parameter_bytes;
  if (kind == Kind::read && (is_parameter || is_constant(address))) return;
  const std::string what = described(address, bytes, kind, place);
  for (const Thread& other : m.threads) {
    if (other.fiber.on_stack(address)) {
      stop(what + ": a local variable of thread " + std::to_string(&other - m.threads.data()) +
           ". Threads share shared or global memory alone.");
    }
  }
  if (is_parameter) stop(what + ": the kernel's parameters, which cannot be written.");
  if (reinterpret_cast<std::uintptr_t>(address) < 4096) {
    stop(what + ": through a null pointer, as of an empty array. Look at what the launcher was given.");
  }
  stop(what + ", which is no memory of the device. Look for a host pointer that was passed to the kernel.");
}

/// Whether byte k of a structure that is copied whole may be padding: something else of its word has been written.
bool is_padding(const ByteState* states, std::size_t k, std::size_t bytes) {
  const std::size_t word = k / 8 * 8, end = std::min(word + 8, bytes);
  return bytes > 8 && std::count(states + word, states + end, ByteState::written) != 0;
}

/// "8 bytes behind the end of an array of 264 bytes", from the last array that begins before the address.
std::string neighbourhood(const void* address) {
  const char* const at = static_cast<const char*>(address);
  const auto behind = [at](const char* data, std::size_t bytes) {
    return std::to_string(at - data - static_cast<std::ptrdiff_t>(bytes)) + " bytes behind the end of an array of " +
           std::to_string(bytes) + " bytes";
  };
  const Machine& m = machine();
  if (m.shared.contains(address)) {
    for (auto array = m.arrays.rbegin(); array != m.arrays.rend(); ++array) {
      if (array->first <= at) return behind(array->first, array->second);
    }
  } else if (const auto [data, bytes] = global_memory().allocation_before(address); data != nullptr) {
    return behind(data, bytes);
  }
  return "before the first array";
}

/// Bounds, lifetime and initialisation, a byte at a time.
void check_states(Arena& arena, const void* address, std::size_t bytes, Kind kind, const void* place) {
  ByteState* const states = arena.state(address);
  std::uint64_t eight = 0;
  if (bytes == sizeof eight) std::memcpy(&eight, states, sizeof eight);
  if (eight == kAllWritten) return;
  for (std::size_t k = 0; k < bytes; ++k) {
    if (!arena.contains(static_cast<const char*>(address) + k) || states[k] == ByteState::outside) {
      stop(described(address, bytes, kind, place) +
           ", outside of every array: " + neighbourhood(static_cast<const char*>(address) + k) +
           ". Look at the index, and at how much was allocated or carved.");
    }
    if (states[k] == ByteState::freed) {
      stop(described(address, bytes, kind, place) + " after it was freed. Look at the lifetime of the array.");
    }
    if (states[k] == ByteState::fresh && kind != Kind::write && !is_padding(states, k, bytes)) {
      stop(
          described(address, bytes, kind, place) +
          " that nothing has been written to. Look for a missing initialisation, a missing barrier after it, or a copy "
          "that was not waited for; shared memory keeps nothing from block to block.");
    }
  }
  if (kind == Kind::write) std::memset(states, static_cast<int>(ByteState::written), bytes);
}

bool same_warp(int a, int b) { return a / device::kWarp == b / device::kWarp; }

bool covers(const Release& release, const Access& before) {
  if (before.phase < release.first_phase || before.phase > release.last_phase) return false;
  if (before.phase < release.last_phase) return true;
  if (!same_warp(before.thread, release.thread)) return false;
  return before.clock <= release.seen[before.thread % device::kWarp] ||
         (before.atomic && before.thread == release.thread && before.clock == release.operation);
}

/// Whether the running thread has seen what one of its block's threads acquired.
bool has_seen(const Machine& m, const Thread& now, const Acquired& a) {
  return a.phase < m.phase || a.thread == m.current ||
         (same_warp(a.thread, m.current) && now.seen[a.thread % device::kWarp] >= a.clock);
}

/// Whether the access has become visible by a fence and an atomic operation.
bool is_acquired(const Machine& m, const Thread& now, const Access& before) {
  return std::any_of(m.acquired.begin(), m.acquired.end(),
                     [&](const Acquired& a) { return covers(a.release, before) && has_seen(m, now, a); });
}

/// Before the phase `oldest` the memory had another meaning: an earlier launch, or another block's shared memory.
bool comes_before(const Machine& m, const Thread& now, const Access& before, std::uint32_t oldest) {
  if (before.phase < oldest) return true;
  if (before.phase >= m.block_phase) {
    if (before.phase < m.phase || before.thread == m.current) return true;
    if (same_warp(before.thread, m.current) && now.seen[before.thread % device::kWarp] >= before.clock) return true;
  }
  return is_acquired(m, now, before);
}

[[noreturn]] void stop_race(const Machine& m, const Access& before, bool wrote, const std::string& what) {
  const std::string earlier = std::string(wrote ? " wrote" : " read") + " at " + source_line(from_place(before.place));
  if (before.phase >= m.block_phase) {
    stop("data race: it " + what + ", which thread " + std::to_string(before.thread) + " of the same block" + earlier +
         ". Look for a missing block_barrier()" + (same_warp(before.thread, m.current) ? " or warp_barrier()" : "") +
         " between the two, or for an index that two threads share.");
  }
  std::size_t block = 0;
  while (block + 1 < m.block_phases.size() && m.block_phases[block + 1] <= before.phase) ++block;
  stop("data race between blocks: it " + what + ", which " +
       thread_name(before.thread, m.block_places[block].first, m.block_places[block].second) + earlier +
       ". Blocks of a launch are not ordered: give each its own memory, use an atomic operation, or a device_fence() "
       "before an atomic operation that the other block sees.");
}

void check_races(Granule& granule, const Access& access, Kind kind, const void* address, std::size_t bytes,
                 const void* place) {
  const Machine& m = machine();
  const Thread& now = machine().thread();
  const bool shared = m.shared.contains(address);
  const std::uint32_t oldest = shared ? m.block_phase : m.launch_phase;
  const auto conflict = [&](const Access& before) {
    return (before.bytes & access.bytes) != 0 && !(before.atomic && access.atomic) &&
           !comes_before(m, now, before, oldest);
  };
  for (const Access& write : {granule.write, granule.other_write}) {
    if (conflict(write)) stop_race(m, write, true, described(address, bytes, kind, place));
  }
  // An access stands for those to the same bytes that it comes after: what races with them races with it. An atomic one
  // stands for atomic ones alone.
  const auto covered = [&](const Access& before) {
    return before.phase < (shared ? m.phase : oldest) ||
           ((before.bytes & ~access.bytes) == 0 && (before.atomic || !access.atomic) &&
            comes_before(m, now, before, oldest));
  };
  // Of those that it does not stand for, one of another warp than `first` is the one to remember beside `first`: it is
  // not ordered with whatever a warp_barrier() orders with `first`.
  const auto apart = [&](const Access& first, const Access& other) {
    return !same_warp(first.thread, other.thread) || other.phase < m.block_phase;
  };
  const auto remember = [&](const Access& other, Access& beside, const Access& first) {
    if (covered(beside) || !apart(first, beside) || apart(first, other)) beside = other;
  };
  if (kind == Kind::read) {
    if (!covered(granule.reads[0])) return remember(access, granule.reads[1], granule.reads[0]);
    granule.reads[0] = access;
    return;
  }
  for (Access& read : granule.reads) {
    if (conflict(read)) stop_race(m, read, false, described(address, bytes, kind, place));
    if (covered(read)) read = {};
  }
  if (!covered(granule.write)) {
    remember(granule.write, granule.other_write, access);
  } else if (covered(granule.other_write)) {
    granule.other_write = {};
  }
  granule.write = access;
}

/// Whether the thread had seen it when it came to its last fence.
bool has_fenced(const Machine& m, const Thread& thread, const Acquired& a) {
  return a.phase < thread.fence_phase || (a.phase == thread.fence_phase && same_warp(a.thread, m.current) &&
                                          thread.fenced[a.thread % device::kWarp] >= a.clock);
}

/// An atomic operation acquires what others released at the address, and releases what came before the thread's last
/// fence, with what the thread had acquired itself.
void synchronise_by(const void* address, std::uint32_t operation) {
  Machine& m = machine();
  const Thread& thread = m.thread();
  std::vector<Release> released;
  if (thread.fence_phase != 0) {
    for (const Acquired& a : m.acquired) {
      if (a.release.address != address && has_fenced(m, thread, a)) released.push_back(a.release);
    }
    released.push_back({address, m.block_phase, thread.fence_phase, m.current, {}, operation});
    std::copy(std::begin(thread.fenced), std::end(thread.fenced), released.back().seen);
  }
  for (const Release& release : m.releases) {
    if (release.address == address) {
      m.acquired.push_back({release, m.phase, thread.seen[m.current % device::kWarp], m.current});
    }
  }
  for (Release& release : released) {
    release.address = address;
    m.releases.push_back(release);
  }
}

/// A copy may take place at any time from its issue to the end of the wait for it.
void check_untouched(const PendingCopy& copy) {
  const ByteState* const states = machine().shared.state(copy.to);
  const bool written = std::any_of(states, states + copy.bytes, [](ByteState s) { return s == ByteState::written; });
  if (!written && std::memcmp(copy.value, copy.from, copy.bytes) == 0) return;
  stop(std::string("the ") + (written ? "destination" : "source") + " of the asynchronous copy at " +
       source_line(copy.place) + " was written before the copy had arrived. Look for a write that belongs after " +
       "wait_for_copies(), and a barrier.");
}

}  // namespace

void check_access(const void* address, std::size_t bytes, Kind kind, const void* place) {
  if (!has_checker()) return;
  Machine& m = machine();
  Arena* const arena = m.shared.contains(address)                  ? &m.shared
                       : global_memory().arena().contains(address) ? &global_memory().arena()
                                                                   : nullptr;
  if (arena == nullptr) return check_elsewhere(address, bytes, kind, place);
  check_states(*arena, address, bytes, kind, place);
  Access access;
  access.phase = m.phase;
  access.clock = m.thread().seen[m.current % device::kWarp];
  access.place = to_place(place);
  access.thread = static_cast<std::uint16_t>(m.current);
  access.atomic = kind == Kind::atomic;
  const auto begin = reinterpret_cast<std::uintptr_t>(address), end = begin + bytes;
  for (std::uintptr_t word = begin / 4 * 4; word < end; word += 4) {
    const unsigned low = word < begin ? static_cast<unsigned>(begin - word) : 0;
    const unsigned high = word + 4 > end ? static_cast<unsigned>(end - word) : 4;
    access.bytes = static_cast<std::uint8_t>((1U << high) - (1U << low));
    check_races(*arena->granule(reinterpret_cast<const void*>(word)), access, kind, address, bytes, place);
  }
}

Index atomic(Atomic kind, void* address, std::size_t bytes, Index value) {
  const InsideEmulator inside;
  const void* const place = __builtin_return_address(0);
  if (reinterpret_cast<std::uintptr_t>(address) % bytes != 0) {
    stop("an atomic operation on a misaligned address, at " + source_line(place));
  }
  Machine& m = machine();
  Thread& thread = m.thread();
  std::uint32_t& clock = thread.seen[m.current % device::kWarp];
  const std::uint32_t operation = ++clock;
  check_access(address, bytes, Kind::atomic, place);
  synchronise_by(address, operation);
  ++clock;

  Index before = 0;
  if (bytes == sizeof(int)) {
    int narrow;
    std::memcpy(&narrow, address, sizeof narrow);
    before = narrow;
  } else {
    std::memcpy(&before, address, sizeof before);
  }
  // Sums wrap around, as on a GPU.
  const auto sum = static_cast<Index>(static_cast<std::uint64_t>(before) + static_cast<std::uint64_t>(value));
  const Index after = kind == Atomic::add ? sum : std::max(before, value);
  std::memcpy(address, &after, bytes);  // little endian: the low bytes come first
  return before;
}

void fence() {
  Machine& m = machine();
  Thread& thread = m.thread();
  thread.fence_phase = m.phase;
  std::copy(std::begin(thread.seen), std::end(thread.seen), thread.fenced);
  ++thread.seen[m.current % device::kWarp];
}

void copy_async(void* shared, const void* global, std::size_t bytes) {
  const InsideEmulator inside;
  const void* const place = __builtin_return_address(0);
  Machine& m = machine();
  if (!m.shared.contains(shared) || !global_memory().arena().contains(global)) {
    stop("an asynchronous copy that does not go from global to shared memory, at " + source_line(place));
  }
  if (reinterpret_cast<std::uintptr_t>(shared) % bytes != 0 || reinterpret_cast<std::uintptr_t>(global) % bytes != 0) {
    stop("an asynchronous copy of " + std::to_string(bytes) +
         " bytes from or to an address that is no multiple of it, at " + source_line(place));
  }
  check_access(global, bytes, Kind::read, place);
  check_access(shared, bytes, Kind::write, place);
  m.shared.poison(shared, bytes);
  PendingCopy copy{m.thread().copy_group, shared, global, bytes, place, {}};
  std::memcpy(copy.value, global, bytes);
  m.thread().copies.push_back(copy);
}

void commit_copies() { ++machine().thread().copy_group; }

void wait_for_copies(int pending) {
  const InsideEmulator inside;
  Thread& thread = machine().thread();
  const auto arrived = [&](const PendingCopy& copy) {
    if (copy.group >= thread.copy_group - pending) return false;
    check_untouched(copy);
    check_access(copy.to, copy.bytes, Kind::write, copy.place);
    std::memcpy(copy.to, copy.from, copy.bytes);
    return true;
  };
  std::erase_if(thread.copies, arrived);
}

}  // namespace sigmahat::emulator
