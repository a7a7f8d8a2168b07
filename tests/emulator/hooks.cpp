// What the compiler's instrumentation calls. ThreadSanitizer's functions report accesses, those of
// UndefinedBehaviorSanitizer faults in arithmetic, indices and alignment; the libraries of both are left out.
#include <cstdio>
#include <cstdlib>

#include "machine.hpp"

namespace sigmahat::emulator {
namespace {

inline void access(const void* address, std::size_t bytes, Kind kind, const void* place) {
  if (!checking) return;
  const InsideEmulator inside;
  check_access(address, bytes, kind, place);
}

/// Begins every record that an undefined-behaviour check passes.
struct SourcePlace {
  const char* file;
  std::uint32_t line, column;
};

void misbehaviour(const SourcePlace* place, const char* what, const char* advice, const void* caller) {
  if (checking) stop(std::string(what) + " at " + source_line(caller) + ". " + advice);
  std::fprintf(stderr, "%s at %s:%u, outside of a kernel\n", what, place->file, place->line);
  std::abort();
}

}  // namespace
}  // namespace sigmahat::emulator

using sigmahat::emulator::access;
using sigmahat::emulator::Kind;
using sigmahat::emulator::misbehaviour;
using sigmahat::emulator::SourcePlace;

#define SIGMAHAT_ACCESS_HOOKS(bytes)                                                                        \
  void __tsan_read##bytes(void* p) { access(p, bytes, Kind::read, __builtin_return_address(0)); }           \
  void __tsan_write##bytes(void* p) { access(p, bytes, Kind::write, __builtin_return_address(0)); }         \
  void __tsan_unaligned_read##bytes(void* p) { access(p, bytes, Kind::read, __builtin_return_address(0)); } \
  void __tsan_unaligned_write##bytes(void* p) { access(p, bytes, Kind::write, __builtin_return_address(0)); }

#define SIGMAHAT_MISBEHAVIOUR_HOOK(name, what, advice)              \
  void __ubsan_handle_##name(const SourcePlace* place) {            \
    misbehaviour(place, what, advice, __builtin_return_address(0)); \
  }

extern "C" {

SIGMAHAT_ACCESS_HOOKS(1)
SIGMAHAT_ACCESS_HOOKS(2)
SIGMAHAT_ACCESS_HOOKS(4)
SIGMAHAT_ACCESS_HOOKS(8)
SIGMAHAT_ACCESS_HOOKS(16)
void __tsan_read_range(void* p, std::size_t bytes) { access(p, bytes, Kind::read, __builtin_return_address(0)); }
void __tsan_write_range(void* p, std::size_t bytes) { access(p, bytes, Kind::write, __builtin_return_address(0)); }
void __tsan_init() {}

/// The place, the type, then the logarithm of the alignment.
struct TypeMismatch {
  SourcePlace place;
  const void* type;
  std::uint8_t log_alignment;
};
void __ubsan_handle_type_mismatch_v1(const TypeMismatch* mismatch, std::uintptr_t address) {
  const bool aligned = address % (std::uintptr_t{1} << mismatch->log_alignment) == 0;
  misbehaviour(&mismatch->place, aligned ? "an access beyond the end of its object" : "a misaligned access",
               aligned ? "Look at the index." : "Look at the pointer's type and offset.", __builtin_return_address(0));
}
SIGMAHAT_MISBEHAVIOUR_HOOK(out_of_bounds, "an index beyond its array, or row of an array",
                           "Look at the index and its limits.")
SIGMAHAT_MISBEHAVIOUR_HOOK(add_overflow, "an integer sum that overflows", "Compute in Index.")
SIGMAHAT_MISBEHAVIOUR_HOOK(sub_overflow, "an integer difference that overflows", "Compute in Index.")
SIGMAHAT_MISBEHAVIOUR_HOOK(mul_overflow, "an integer product that overflows", "Compute in Index.")
SIGMAHAT_MISBEHAVIOUR_HOOK(negate_overflow, "an integer negation that overflows", "Compute in Index.")
SIGMAHAT_MISBEHAVIOUR_HOOK(divrem_overflow, "an integer division by zero, or one that overflows",
                           "Look at the divisor.")
SIGMAHAT_MISBEHAVIOUR_HOOK(shift_out_of_bounds, "a shift by a negative count, or by too many bits",
                           "Look at the count.")
SIGMAHAT_MISBEHAVIOUR_HOOK(load_invalid_value, "a value that its type does not have",
                           "Look for a missing initialisation.")
SIGMAHAT_MISBEHAVIOUR_HOOK(float_cast_overflow, "a floating-point number too large for an integer",
                           "Test the number first.")

}  // extern "C"
