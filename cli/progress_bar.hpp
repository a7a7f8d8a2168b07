// A bar on the terminal for runs that take long.
#pragma once

#include <chrono>
#include <string>

#include "sigmahat/kernels/common.hpp"

namespace sigmahat::cli {

/// Draws one line, again and again in its place, once a run has taken longer than a delay; the line goes with the object.
class ProgressBar {
 public:
  static constexpr std::chrono::milliseconds kDelay{2000};

  /// `descriptor` is where the bar appears; nothing is ever written to one that is no terminal.
  ProgressBar(int descriptor, std::string noun, std::chrono::milliseconds delay = kDelay);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();

  /// Whether update() can ever draw something.
  bool enabled() const { return enabled_; }
  void update(Index done, Index all);

 private:
  using Clock = std::chrono::steady_clock;
  void draw(const std::string& line) const;

  int descriptor_;
  std::string noun_;
  bool enabled_;
  Clock::time_point start_ = Clock::now(), next_;
  std::size_t width_ = 0;  ///< of what stands on the terminal
};

}  // namespace sigmahat::cli
