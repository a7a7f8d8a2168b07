// Signals that end the process: pending temporaries are removed first.
#pragma once

#include <csignal>
#include <cstddef>
#include <string>

namespace sigmahat::cli {

/// SIGINT, SIGTERM, SIGHUP and SIGPIPE remove the pending files and end the process by their default action. Where the
/// kernel withholds that action, as from the first process of a container, the process exits with 128 + the signal's
/// number. A signal that is ignored (nohup) stays ignored. SIGBUS, where it comes from a mapped file that has become
/// shorter, becomes an error message and kExitData.
void install_signal_handlers();

/// Blocks those signals for the length of a scope, which belongs to the first thread of the process.
class SignalBlock {
 public:
  SignalBlock();
  SignalBlock(const SignalBlock&) = delete;
  SignalBlock& operator=(const SignalBlock&) = delete;
  ~SignalBlock();

 private:
  sigset_t before_{};
};

/// A file that a signal has to remove, and one that it no longer has to. Both are called inside of a SignalBlock.
void add_pending_file(const std::string& path);
void remove_pending_file(const std::string& path);

/// A file that lies in memory, under its name for messages, and one that no longer does.
void add_mapped_file(const void* data, std::size_t bytes, const std::string& name);
void remove_mapped_file(const void* data);

}  // namespace sigmahat::cli
