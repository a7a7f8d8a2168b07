#include "fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#if defined(__x86_64__)
// Saves the callee-saved registers on the running stack, whose pointer goes to *rdi, and takes them from stack rsi. The
// library's swapcontext does the same with a system call on top, which made the tests three times slower.
extern "C" void sigmahat_switch_stack(void** save, void* load);
asm(R"(
.text
.type sigmahat_switch_stack, @function
sigmahat_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size sigmahat_switch_stack, . - sigmahat_switch_stack
)");
#else
#include <ucontext.h>
#endif

namespace sigmahat::emulator {
namespace {

constexpr std::size_t kStackBytes = std::size_t{128} << 10;
constexpr std::size_t kPoisoned = 2048;  // what a kernel's own variables mostly take: uninitialised they are NaN or −1

/// A stack with a page below it that faults.
class Stack {
 public:
  Stack() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    base_ = mmap(nullptr, kStackBytes + page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED || mprotect(base_, page_, PROT_NONE) != 0) throw std::bad_alloc();
  }
  ~Stack() { munmap(base_, kStackBytes + page_); }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  char* bottom() const { return static_cast<char*>(base_) + page_; }
  char* top() const { return bottom() + kStackBytes; }
  /// Forgets what the address sanitizer knows of frames that were left behind.
  void clean() const {
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(bottom(), kStackBytes);
#endif
  }

 private:
  std::size_t page_;
  void* base_;
};

}  // namespace

#if defined(__x86_64__)

struct Fiber::State {
  Stack stack;
  void *inside = nullptr, *outside = nullptr;  // stack pointers

  void start(void (*entry)()) {
    // What a switch expects: six registers, then where to go. Entered by ret, rsp is then 8 below a multiple of 16.
    constexpr std::size_t kRegisters = 6;
    void** const frame = reinterpret_cast<void**>(stack.top()) - kRegisters - 2;
    for (std::size_t k = 0; k < kRegisters; ++k) frame[k] = nullptr;
    frame[kRegisters] = reinterpret_cast<void*>(entry);
    frame[kRegisters + 1] = nullptr;  // a return address for those who walk the stack
    inside = frame;
  }
  void resume() { sigmahat_switch_stack(&outside, inside); }
  void suspend() { sigmahat_switch_stack(&inside, outside); }
};

#else

struct Fiber::State {
  Stack stack;
  ucontext_t inside, outside;

  void start(void (*entry)()) {
    getcontext(&inside);
    inside.uc_stack.ss_sp = stack.bottom();
    inside.uc_stack.ss_size = kStackBytes;
    inside.uc_link = nullptr;
    makecontext(&inside, entry, 0);
  }
  void resume() { swapcontext(&outside, &inside); }
  void suspend() { swapcontext(&inside, &outside); }
};

#endif

Fiber::Fiber() : state_(std::make_unique<State>()) {}
Fiber::~Fiber() = default;
Fiber::Fiber(Fiber&&) noexcept = default;
Fiber& Fiber::operator=(Fiber&&) noexcept = default;
void Fiber::start(void (*entry)()) {
  state_->stack.clean();
  std::memset(state_->stack.top() - kPoisoned, 0xff, kPoisoned);
  state_->start(entry);
}
void Fiber::resume() { state_->resume(); }
void Fiber::suspend() { state_->suspend(); }
bool Fiber::on_stack(const void* address) const {
  return address >= state_->stack.bottom() && address < state_->stack.top();
}

}  // namespace sigmahat::emulator
