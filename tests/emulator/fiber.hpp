// A fiber: a function on a stack of its own that runs until it hands back control, and goes on from there later.
#pragma once

#include <cstddef>
#include <memory>

namespace sigmahat::emulator {

class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(Fiber&&) noexcept;
  Fiber& operator=(Fiber&&) noexcept;

  /// Makes the next resume() call `entry` from its beginning; whatever ran before is forgotten, without destructors.
  /// `entry` must not return: it ends by suspending for good.
  void start(void (*entry)());
  /// Runs the fiber until it suspends. Always from the same OS thread.
  void resume();
  /// From inside: back to where resume() was called.
  void suspend();
  /// Whether the address is one of this fiber's stack.
  bool on_stack(const void* address) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sigmahat::emulator
