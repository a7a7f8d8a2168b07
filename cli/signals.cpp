#include "signals.hpp"

#include <unistd.h>

#include <array>
#include <cstring>

namespace sigmahat::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

// The temporaries that a handler has to remove. Slots change only while the first thread blocks the signals.
constexpr std::size_t kSlots = 8;
std::array<char[4096], kSlots> pending_paths{};

/// Calls nothing but functions that are safe in a handler.
extern "C" void end_process(int signal) {
  if (gettid() != getpid()) {  // the kernel chose a thread that computes; the first one knows when slots are whole
    tgkill(getpid(), getpid(), signal);
    return;
  }
  for (const auto& path : pending_paths) {
    if (path[0] != '\0') unlink(path);
  }
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

}  // namespace sigmahat::cli
