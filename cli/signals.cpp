#include "signals.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "exit_code.hpp"

namespace sigmahat::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

// The temporaries that a handler has to remove. Slots change only while the first thread blocks the signals.
constexpr std::size_t kSlots = 8;
std::array<char[4096], kSlots> pending_paths{};

/// Files in memory that a SIGBUS may come from. `data` is set last and cleared first: other threads read them.
struct MappedRange {
  std::atomic<const std::byte*> data = nullptr;
  std::size_t bytes = 0;
  char name[4096] = {};
};
std::array<MappedRange, kSlots> mapped_ranges;

// Handlers call nothing but functions that are safe in one.

void remove_pending_files() {
  for (const auto& path : pending_paths) {
    if (path[0] != '\0') unlink(path);
  }
}

const MappedRange* range_of(const void* address) {
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  for (const MappedRange& range : mapped_ranges) {
    const auto start = reinterpret_cast<std::uintptr_t>(range.data.load());
    if (start != 0 && place >= start && place - start < range.bytes) return &range;
  }
  return nullptr;
}

void say(const char* text) {
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) _exit(kExitData);
}

/// Behind the new end of a file that is mapped, there is no memory.
extern "C" void end_where_a_file_ends(int signal, siginfo_t* info, void*) {
  static std::atomic_flag first = ATOMIC_FLAG_INIT;
  while (first.test_and_set()) pause();  // of several threads one speaks, and ends the others
  remove_pending_files();
  const MappedRange* const range = info->si_code == BUS_ADRERR ? range_of(info->si_addr) : nullptr;
  if (range == nullptr) {  // a fault of another kind: its default action follows
    std::signal(signal, SIG_DFL);
    raise(signal);  // when this handler ends
    first.clear();
    return;
  }
  say("sigmahat: error: ");
  say(range->name);
  say(": the file changed while it was being read: it is shorter now; run again\n");
  _exit(kExitData);
}

extern "C" void end_process(int signal) {
  if (gettid() != getpid()) {  // the kernel chose a thread that computes; the first one knows when slots are whole
    tgkill(getpid(), getpid(), signal);
    return;
  }
  remove_pending_files();
  std::signal(signal, SIG_DFL);
  // The signal is blocked while its handler runs; raised now it would wait for the handler's end.
  sigset_t this_one;
  sigemptyset(&this_one);
  sigaddset(&this_one, signal);
  pthread_sigmask(SIG_UNBLOCK, &this_one, nullptr);
  raise(signal);
  // The kernel spares process 1 of a PID namespace the default action of what it is sent.
  _exit(128 + signal);
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = end_process;
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) sigaddset(&action.sa_mask, signal);  // one handler at a time
  for (const int signal : kSignals) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_DFL) sigaction(signal, &action, nullptr);
  }
  action.sa_sigaction = end_where_a_file_ends;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

SignalBlock::SignalBlock() {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : kSignals) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, &before_);
}

SignalBlock::~SignalBlock() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void add_pending_file(const std::string& path) {
  for (auto& slot : pending_paths) {
    if (slot[0] != '\0' || path.size() >= sizeof slot) continue;
    std::memcpy(slot, path.c_str(), path.size() + 1);
    return;
  }
}

void remove_pending_file(const std::string& path) {
  for (auto& slot : pending_paths) {
    if (path == slot) slot[0] = '\0';
  }
}

void add_mapped_file(const void* data, std::size_t bytes, const std::string& name) {
  const auto free = std::find_if(mapped_ranges.begin(), mapped_ranges.end(),
                                 [](const MappedRange& range) { return range.data.load() == nullptr; });
  if (free == mapped_ranges.end()) return;
  free->bytes = bytes;
  free->name[name.copy(free->name, sizeof free->name - 1)] = '\0';
  free->data = static_cast<const std::byte*>(data);
}

void remove_mapped_file(const void* data) {
  for (MappedRange& range : mapped_ranges) {
    if (range.data.load() == data) range.data = nullptr;
  }
}

}  // namespace sigmahat::cli
