#include "progress_bar.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sigmahat::cli {

ProgressBar::ProgressBar(int descriptor, std::string noun, std::chrono::milliseconds delay)
    : descriptor_(descriptor), noun_(std::move(noun)), enabled_(isatty(descriptor) == 1), next_(start_ + delay) {}

ProgressBar::~ProgressBar() {
  if (width_ > 0) draw('\r' + std::string(width_, ' ') + '\r');
}

void ProgressBar::update(Index done, Index all) {
  constexpr std::chrono::milliseconds kBetween{100};
  constexpr double kCells = 30;
  const Clock::time_point now = Clock::now();
  if (!enabled_ || now < next_ || all <= 0) return;
  next_ = now + kBetween;
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(all), 0.0, 1.0);
  const auto full = static_cast<std::size_t>(share * kCells);
  std::string line =
      fmt::format("[{}{}] {:3.0f} %  {} of {} {}", std::string(full, '#'),
                  std::string(static_cast<std::size_t>(kCells) - full, ' '), 100 * share, done, all, noun_);
  const std::size_t width = line.size();
  if (width < width_) line.append(width_ - width, ' ');  // what is left of a longer line before
  width_ = std::max(width, width_);
  draw('\r' + line);
}

void ProgressBar::draw(const std::string& line) const {
  // A bar that cannot be drawn is no reason to stop.
  [[maybe_unused]] const auto written = write(descriptor_, line.data(), line.size());
}

}  // namespace sigmahat::cli
