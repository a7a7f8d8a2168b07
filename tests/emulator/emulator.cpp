// A fiber per CUDA thread, and a scheduler that gives turns and releases barriers and warps.
#include "emulator.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>

#include "control.hpp"
#include "machine.hpp"

namespace sigmahat::device {

bool Site::operator==(const Site& other) const { return line == other.line && std::strcmp(file, other.file) == 0; }

}  // namespace sigmahat::device

namespace sigmahat::emulator {
namespace {

constexpr Index kMostSharedBytes = 99 * 1024;  // compute capability 8.6, 8.9 and 12.0
constexpr Index kMostStaticBytes = 48 * 1024;  // what the compiler takes
constexpr double kMostBlocks = 1 << 24;        // of a launch on the emulator
constexpr std::size_t kSharedZone = 1024;      // unused between arrays
constexpr int kMostThreads = 1024;
constexpr Index kMostGridX = (Index{1} << 31) - 1, kMostGridY = 65535;

struct Schedule {
  Order order = Order::ascending;
  std::uint64_t seed = 1, state = 1;
};
Schedule& schedule() {
  static Schedule the_schedule;
  return the_schedule;
}

/// splitmix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
std::uint64_t next_random() {
  std::uint64_t z = schedule().state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// 0 … count−1 in the order of the turns.
void order_turns(std::vector<Index>& turns, Index count) {
  turns.resize(static_cast<std::size_t>(count));
  std::iota(turns.begin(), turns.end(), Index{0});
  if (schedule().order == Order::descending) std::reverse(turns.begin(), turns.end());
  if (schedule().order != Order::shuffled) return;
  for (Index k = count - 1; k > 0; --k) {
    std::swap(turns[static_cast<std::size_t>(k)], turns[next_random() % static_cast<std::uint64_t>(k + 1)]);
  }
}

std::string site_name(const Site& site) { return std::string(site.file) + ":" + std::to_string(site.line); }

std::string name(const Machine& m, int thread) { return thread_name(thread, m.x, m.y); }

void fail(Machine& m, const std::string& what) {
  if (m.fault.empty()) m.fault = what;
}

/// Back to the scheduler, until it gives the next turn.
void wait(Turn turn, Site site) {
  Thread& thread = machine().thread();
  thread.turn = turn;
  thread.site = site;
  thread.fiber.suspend();
}

void thread_main() {
  Machine& m = machine();
  void (*const kernel)() = m.launch->kernel;
  const void* const parameters = m.launch->parameters.get();
  checking = true;
  m.launch->thread(kernel, parameters);
  checking = false;
  if (!m.thread().copies.empty()) {
    stop("it ends before the asynchronous copy at " + source_line(m.thread().copies[0].place) +
         " has arrived. Look for a missing commit_copies() or wait_for_copies().");
  }
  wait(Turn::done, Site::here());
}

void start_block(Machine& m) {
  if (++m.phase == 0) throw KernelFault("the emulator has run out of phases: 2^32 barriers in one process");
  m.block_phase = m.phase;
  m.block_phases.push_back(m.phase);
  m.block_places.emplace_back(m.x, m.y);
  m.acquired.clear();
  m.shared.mark(m.shared.base(), m.shared_used, ByteState::outside);
  m.shared_used = 0;
  m.static_bytes = 0;
  m.carved.clear();
  m.arrays.clear();
  for (int t = 0; t < m.launch->threads; ++t) {
    Thread& thread = m.threads[static_cast<std::size_t>(t)];
    thread.turn = Turn::ready;
    std::fill(std::begin(thread.seen), std::end(thread.seen), 0);
    thread.seen[t % device::kWarp] = 1;
    thread.fence_phase = 0;
    thread.copy_group = 0;
    thread.copies.clear();
    thread.fiber.start(thread_main);
  }
}

/// Lanes that synchronise have seen what any of them has.
void join_clocks(Thread* warp, unsigned mask) {
  std::uint32_t joined[device::kWarp] = {};
  for (int lane = 0; lane < device::kWarp; ++lane) {
    if ((mask >> lane & 1U) == 0) continue;
    for (int k = 0; k < device::kWarp; ++k) joined[k] = std::max(joined[k], warp[lane].seen[k]);
  }
  for (int lane = 0; lane < device::kWarp; ++lane) {
    if ((mask >> lane & 1U) == 0) continue;
    std::copy(std::begin(joined), std::end(joined), warp[lane].seen);
    ++warp[lane].seen[lane];
  }
}

/// Whether all lanes of the operation that `warp[lane]` waits in have arrived.
bool complete(const Thread* warp, int lane, int lanes) {
  const unsigned mask = warp[lane].mask;
  if ((mask >> lane & 1U) == 0) return false;
  for (int other = 0; other < device::kWarp; ++other) {
    if ((mask >> other & 1U) == 0) continue;
    if (other >= lanes || warp[other].turn != Turn::in_warp || warp[other].mask != mask ||
        !(warp[other].site == warp[lane].site)) {
      return false;
    }
  }
  return true;
}

/// Warp operations whose lanes have all arrived get their values. Returns whether there was one.
bool resolve_warps(Machine& m) {
  bool resolved = false;
  for (int first = 0; first < m.launch->threads; first += device::kWarp) {
    const int lanes = std::min(device::kWarp, m.launch->threads - first);
    Thread* const warp = m.threads.data() + first;
    for (int lane = 0; lane < lanes; ++lane) {
      if (warp[lane].turn != Turn::in_warp || !complete(warp, lane, lanes)) continue;
      const unsigned mask = warp[lane].mask;
      LaneValues values{};
      for (int other = 0; other < lanes; ++other) values[other] = warp[other].value;
      warp[lane].resolve(mask, values);
      if (warp[lane].orders_memory) join_clocks(warp, mask);
      for (int other = 0; other < lanes; ++other) {
        if ((mask >> other & 1U) == 0) continue;
        warp[other].value = values[other];
        warp[other].turn = Turn::ready;
      }
      resolved = true;
    }
  }
  return resolved;
}

/// Why the lanes of `thread`'s warp operation do not come together.
std::string warp_fault(const Machine& m, int thread) {
  const int first = thread / device::kWarp * device::kWarp;
  const Thread* const warp = m.threads.data() + first;
  const Thread& waiting = m.threads[static_cast<std::size_t>(thread)];
  const std::string place = name(m, thread) + " waits in the warp operation at " + site_name(waiting.site);
  for (int lane = 0; lane < device::kWarp; ++lane) {
    if ((waiting.mask >> lane & 1U) == 0) continue;
    const std::string other = "lane " + std::to_string(lane) + " of its mask ";
    if (first + lane >= m.launch->threads) return place + ", but there is no " + other;
    const Thread& partner = warp[lane];
    if (partner.turn == Turn::done) return place + ", but " + other + "has ended";
    if (partner.turn != Turn::in_warp)
      return place + ", but " + other + "waits at the barrier " + site_name(partner.site);
    if (!(partner.site == waiting.site)) return place + ", but " + other + "in the one at " + site_name(partner.site);
    if (partner.mask != waiting.mask) return place + ", but " + other + "came with another mask";
  }
  return place + " with a mask that it is not in itself";
}

/// Releases the block's barrier if every thread has arrived at the same one. Returns whether the block is finished.
bool release_barrier(Machine& m) {
  int done = -1, waiting = -1;
  for (int t = 0; t < m.launch->threads; ++t) {
    const Thread& thread = m.threads[static_cast<std::size_t>(t)];
    if (thread.turn == Turn::in_warp) {
      fail(m, warp_fault(m, t) + ". Give the mask of the lanes that arrive, or let all lanes of the mask arrive.");
      return true;
    }
    (thread.turn == Turn::done ? done : waiting) = t;
  }
  if (waiting < 0) return true;
  const Site site = m.threads[static_cast<std::size_t>(waiting)].site;
  const std::string advice =
      ". All threads of a block must arrive at the same barrier: look at the returns, branches and "
      "loops on the way there.";
  if (done >= 0) {
    fail(m, name(m, waiting) + " waits at the barrier " + site_name(site) + ", but thread " + std::to_string(done) +
                " has ended" + advice);
  }
  for (int t = 0; t < m.launch->threads; ++t) {
    Thread& thread = m.threads[static_cast<std::size_t>(t)];
    if (!(thread.site == site)) {
      fail(m, name(m, waiting) + " waits at the barrier " + site_name(site) + ", thread " + std::to_string(t) + " at " +
                  site_name(thread.site) + advice);
    }
    thread.turn = Turn::ready;
  }
  ++m.phase;
  return false;
}

void run_block(Machine& m) {
  start_block(m);
  std::vector<Index> turns;
  for (bool finished = false; !finished && m.fault.empty();) {
    order_turns(turns, m.launch->threads);
    for (const Index turn : turns) {
      m.current = static_cast<int>(turn);
      if (m.thread().turn != Turn::ready) continue;
      m.thread().fiber.resume();
      checking = false;
      if (!m.fault.empty()) return;
    }
    if (!resolve_warps(m)) finished = release_barrier(m);
  }
}

/// The most dynamic shared memory and threads of each kernel's launches; at the end of the program into the file that
/// SIGMAHAT_EMULATOR_LAUNCHES names.
class Launches {
 public:
  void note(const Launch& launch) {
    auto& [bytes, threads] = most_[launch.kernel];
    bytes = std::max(bytes, launch.dynamic_bytes);
    threads = std::max(threads, launch.threads);
  }
  ~Launches() {
    const char* const file = std::getenv("SIGMAHAT_EMULATOR_LAUNCHES");
    if (file == nullptr) return;
    std::ofstream report(file);
    for (const auto& [kernel, most] : most_) {
      report << function_name(reinterpret_cast<const void*>(kernel)) << '\t' << most.first << '\t' << most.second
             << '\n';
    }
  }

 private:
  std::map<void (*)(), std::pair<Index, int>> most_;
};
Launches& launches() {
  static Launches all;
  return all;
}

/// What no GPU would take.
std::string objection(const Launch& launch) {
  if (launch.threads < 1 || launch.threads > kMostThreads) {
    return "it was launched with " + std::to_string(launch.threads) + " threads a block; 1 to 1024 are possible";
  }
  if (launch.grid.x < 0 || launch.grid.y < 0 || launch.grid.x > kMostGridX || launch.grid.y > kMostGridY) {
    return "it was launched with a grid of " + std::to_string(launch.grid.x) + " × " + std::to_string(launch.grid.y) +
           " blocks; 2147483647 × 65535 are possible";
  }
  if (static_cast<double>(launch.grid.x) * static_cast<double>(launch.grid.y) > kMostBlocks) {
    return "it was launched with a grid of " + std::to_string(launch.grid.x) + " × " + std::to_string(launch.grid.y) +
           " blocks, more than the emulator runs";
  }
  if (launch.dynamic_bytes > kMostSharedBytes) {
    return "it was launched with " + std::to_string(launch.dynamic_bytes) +
           " bytes of dynamic shared memory; 101376 are possible on every supported GPU";
  }
  return {};
}

[[noreturn]] void stop_large(Site site) {
  stop("with the array at " + site_name(site) +
       " the block's shared memory is above 48 KB of static arrays, or above 99 KB altogether. Use less, or several "
       "passes.");
}

/// Memory for one shared array of the running block.
char* place_shared(Machine& m, std::size_t bytes, Site site) {
  char* const data = m.shared.base() + m.shared_used + kSharedZone;
  const std::size_t room = (bytes + 15) / 16 * 16 + 2 * kSharedZone;
  if (m.shared_used + room > m.shared.bytes()) stop_large(site);
  m.shared.poison(data, bytes);
  m.shared_used += room - kSharedZone;
  m.arrays.emplace_back(data, bytes);
  return data;
}

}  // namespace

// No caller could handle that: without the machine there is nothing to test.
Machine the_machine;  // NOLINT(bugprone-throwing-static-initialization)

std::string thread_name(int thread, Index x, Index y) {
  return "thread " + std::to_string(thread) + " of block (" + std::to_string(x) + ", " + std::to_string(y) + ")";
}

void set_order(Order order) {
  const char* const seed = std::getenv("SIGMAHAT_EMULATOR_SEED");
  Schedule& s = schedule();
  s.order = order;
  s.seed = 1;
  if (seed != nullptr) {
    const char* const end = seed + std::strlen(seed);
    if (seed == end || std::from_chars(seed, end, s.seed).ptr != end) {
      throw std::invalid_argument("SIGMAHAT_EMULATOR_SEED is '" + std::string(seed) + "': it must be a whole number");
    }
  }
  s.state = s.seed;
}

std::string schedule_name() {
  switch (schedule().order) {
    case Order::ascending: return "ascending";
    case Order::descending: return "descending";
    default: return "shuffled, SIGMAHAT_EMULATOR_SEED=" + std::to_string(schedule().seed);
  }
}

void run(const Launch& launch) {
  Machine& m = machine();
  launches().note(launch);
  m.launch = &launch;
  m.fault = objection(launch);
  m.launch_phase = m.phase + 1;
  m.block_phases.clear();
  m.block_places.clear();
  m.releases.clear();
  if (m.threads.size() < static_cast<std::size_t>(launch.threads)) {
    m.threads.resize(static_cast<std::size_t>(launch.threads));
  }
  std::vector<Index> turns;
  if (m.fault.empty()) order_turns(turns, launch.grid.x * launch.grid.y);
  for (const Index block : turns) {
    m.x = block % launch.grid.x;
    m.y = block / launch.grid.x;
    run_block(m);
    if (!m.fault.empty()) break;
  }
  if (m.fault.empty()) return;
  throw KernelFault("kernel " + function_name(reinterpret_cast<const void*>(launch.kernel)) + ": " + m.fault +
                    " [order of turns: " + schedule_name() + "]");
}

void stop(const std::string& what) {
  checking = false;
  Machine& m = machine();
  fail(m, name(m, m.current) + ": " + what);
  for (;;) wait(Turn::done, Site::here());
}

int thread_index() { return machine().current; }
Index block_x() { return machine().x; }
Index block_y() { return machine().y; }
int thread_count() { return machine().launch->threads; }
Index grid_x() { return machine().launch->grid.x; }

void barrier(Site site) {
  const InsideEmulator inside;
  wait(Turn::at_barrier, site);
}

LaneValue warp_operation(unsigned mask, Site site, LaneValue in, void (*resolve)(unsigned, LaneValues&),
                         bool orders_memory) {
  const InsideEmulator inside;
  Thread& thread = machine().thread();
  thread.mask = mask;
  thread.value = in;
  thread.resolve = resolve;
  thread.orders_memory = orders_memory;
  wait(Turn::in_warp, site);
  return thread.value;
}

void* static_shared(StaticShared& array, std::size_t bytes, Site site) {
  const InsideEmulator inside;
  Machine& m = machine();
  if (array.block != m.block_phase) {
    m.static_bytes += static_cast<Index>(bytes);
    if (m.static_bytes > kMostStaticBytes || m.static_bytes + m.launch->dynamic_bytes > kMostSharedBytes) {
      stop_large(site);
    }
    array = {m.block_phase, bytes, place_shared(m, bytes, site)};
  }
  return array.data;
}

char* dynamic_shared(int place, Index offset, std::size_t bytes, Site site) {
  const InsideEmulator inside;
  Machine& m = machine();
  const Index end = offset + static_cast<Index>((bytes + 15) / 16 * 16);
  if (end > m.launch->dynamic_bytes) {
    stop("it carves " + std::to_string(end) + " bytes of dynamic shared memory at " + site_name(site) +
         ", but was launched with " + std::to_string(m.launch->dynamic_bytes) +
         ". The launcher must add up the shared_bytes() of all arrays.");
  }
  const auto index = static_cast<std::size_t>(place);
  if (index == m.carved.size()) m.carved.push_back({offset, bytes, place_shared(m, bytes, site)});
  const Machine::Carved& carved = m.carved[index];
  if (carved.offset != offset || carved.bytes != bytes) {
    stop("it carves " + std::to_string(bytes) + " bytes at " + site_name(site) + ", offset " + std::to_string(offset) +
         " of the dynamic shared memory, where other threads carve " + std::to_string(carved.bytes) + " at " +
         std::to_string(carved.offset) + ". A kernel has one carver, and all threads carve the same.");
  }
  return carved.data;
}

}  // namespace sigmahat::emulator
