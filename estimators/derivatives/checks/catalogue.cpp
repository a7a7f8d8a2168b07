#include "sigmahat/derivative_catalogue.hpp"

#include <algorithm>

#include "registry.hpp"
#include "sigmahat/host/error.hpp"

namespace sigmahat {
namespace {

using derivatives::CheckedEntry;
using derivatives::Sizes;
using derivatives::Trial;

/// Every extent 1; all different; all above a warp, and different.
constexpr Sizes kSizes[] = {{1, 1, 1}, {3, 5, 2}, {33, 35, 34}};

const std::vector<CheckedEntry>& checked_entries() {
  static const std::vector<CheckedEntry> entries = derivatives::registered_entries();
  return entries;
}

template <class T>
DerivativeCheck run(const Context& context, const CheckedEntry& entry, Sizes sizes, void (*check)(Trial<T>&)) {
  Trial<T> trial(context, sizes);
  check(trial);
  DerivativeCheck result;
  result.entry = entry.text.name;
  result.precision = sizeof(T) == sizeof(float) ? ScalarType::float32 : ScalarType::float64;
  result.sizes =
      "m = " + std::to_string(sizes.m) + ", n = " + std::to_string(sizes.n) + ", k = " + std::to_string(sizes.k);
  trial.comparison.write(result);
  return result;
}

}  // namespace

std::span<const DerivativeEntry> derivative_catalogue() {
  static const std::vector<DerivativeEntry> texts = [] {
    std::vector<DerivativeEntry> result;
    for (const CheckedEntry& entry : checked_entries()) result.push_back(entry.text);
    return result;
  }();
  return texts;
}

const DerivativeEntry* find_derivative(std::string_view name) {
  const auto entries = derivative_catalogue();
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<DerivativeCheck> check_derivative(const Context& context, std::string_view name) {
  const DerivativeEntry* const text = find_derivative(name);
  if (text == nullptr) throw InvalidArgument("derivative: there is no entry '" + std::string(name) + "'");
  const CheckedEntry& entry = checked_entries()[static_cast<std::size_t>(text - derivative_catalogue().data())];
  std::vector<DerivativeCheck> result;
  for (const Sizes sizes : kSizes) {
    if (entry.check_float != nullptr) result.push_back(run(context, entry, sizes, entry.check_float));
    result.push_back(run(context, entry, sizes, entry.check_double));
  }
  return result;
}

}  // namespace sigmahat
