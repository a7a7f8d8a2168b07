// Restricts Highway's dispatch to some instruction sets.
#pragma once

#include <hwy/highway.h>

#include <cstdint>
#include <vector>

namespace sigmahat::test {

/// Lets the dispatch see only some targets, and all of them again at the end.
class OnlyTargets {
 public:
  explicit OnlyTargets(std::int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(targets);
  }
  ~OnlyTargets() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().DeInit();
  }
  OnlyTargets(const OnlyTargets&) = delete;
  OnlyTargets& operator=(const OnlyTargets&) = delete;
};

/// The vector targets of this processor that the library has, and the scalar one at the end.
inline std::vector<std::int64_t> targets_of_processor() {
  std::vector<std::int64_t> targets;
  for (const std::int64_t target : {HWY_AVX3, HWY_AVX2}) {
    if (hwy::SupportedTargets() & target) targets.push_back(target);
  }
  targets.push_back(HWY_SCALAR);
  return targets;
}

}  // namespace sigmahat::test
