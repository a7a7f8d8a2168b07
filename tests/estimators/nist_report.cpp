#include "estimators/nist_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace sigmahat::test {
namespace {

constexpr const char* kBegin = "<!-- tables made by scripts/accuracy: begin -->\n";
constexpr const char* kEnd = "<!-- tables made by scripts/accuracy: end -->\n";

using Cells = std::vector<std::string>;
using Peers = std::map<std::string, std::map<std::string, Estimates>>;

std::string text(double digits) {
  if (std::isnan(digits)) return "–";
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%.1f", digits);
  return buffer;
}
std::string short_text(double condition) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%.2g", condition);
  return buffer;
}
/// How `auto` went.
std::string way(const NistFit& fit) {
  switch (fit.route) {
    case RouteTaken::none: return to_string(fit.status);
    case RouteTaken::cholesky: return "Cholesky";
    case RouteTaken::refined_cholesky: return "Cholesky, refined";
    case RouteTaken::qr: return "QR";
  }
  return "unknown";
}

std::string line(const Cells& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + cell + " |";
  return row + "\n";
}
/// The head of a table: names to the left, numbers to the right.
std::string head(const Cells& cells) {
  std::string rule = "|---|";
  for (std::size_t j = 1; j < cells.size(); ++j) rule += "--:|";
  return line(cells) + rule + "\n";
}

/// Programs whose results are stored, those with standard errors first.
Cells names_of(const Peers& peers) {
  Cells names;
  for (const auto& [name, sets] : peers) names.push_back(name);
  std::stable_partition(names.begin(), names.end(), [&peers](const std::string& name) {
    return !peers.at(name).begin()->second.standard_errors.empty();
  });
  return names;
}

Estimates of(const Peers& peers, const std::string& name, const std::string& set) {
  const auto found = peers.at(name).find(set);
  return found == peers.at(name).end() ? Estimates{} : found->second;
}

std::string coefficients(const std::vector<NistResult>& results, const Peers& peers) {
  Cells titles{"set", "n", "K", "κ", "`auto`", "`cholesky`", "`qr`", "`auto` took"};
  const Cells names = names_of(peers);
  titles.insert(titles.end(), names.begin(), names.end());
  std::string table = head(titles);
  for (const NistResult& result : results) {
    const NistSet& set = result.set;
    Cells cells{set.name, std::to_string(set.rows()), std::to_string(set.columns() + (set.intercept ? 1 : 0)),
                short_text(result.fits[0].condition)};
    for (const NistFit& fit : result.fits) cells.push_back(text(digits(fit.estimates, result.exact).coefficients));
    cells.push_back(way(result.fits[0]));
    for (const std::string& name : names) {
      cells.push_back(text(digits(of(peers, name, set.name), result.exact).coefficients));
    }
    table += line(cells);
  }
  return table;
}

std::string certified(const std::vector<NistResult>& results, const Peers& peers) {
  Cells titles{"set", "exact", "`auto`", "`cholesky`", "`qr`"};
  const Cells names = names_of(peers);
  titles.insert(titles.end(), names.begin(), names.end());
  std::string table = head(titles);
  for (const NistResult& result : results) {
    const Estimates& truth = result.set.certified;
    Cells cells{result.set.name, text(digits(result.exact, truth).coefficients)};
    for (const NistFit& fit : result.fits) cells.push_back(text(digits(fit.estimates, truth).coefficients));
    for (const std::string& name : names) {
      cells.push_back(text(digits(of(peers, name, result.set.name), truth).coefficients));
    }
    table += line(cells);
  }
  return table;
}

/// Standard errors, σ̂ and R²: each of the routes, and the programs that report them.
std::string inference(const std::vector<NistResult>& results, const Peers& peers) {
  Cells names = names_of(peers);
  std::erase_if(names, [&](const std::string& name) {
    return of(peers, name, results.front().set.name).standard_errors.empty();
  });
  Cells titles{"set"};
  for (const char* quantity : {"errors", "σ̂", "R²"}) {
    for (const char* route : {"`auto`", "`cholesky`", "`qr`"}) titles.push_back(std::string(quantity) + ", " + route);
    for (const std::string& name : names) titles.push_back(name);
  }
  std::string table = head(titles);
  for (const NistResult& result : results) {
    Cells cells{result.set.name};
    for (const auto quantity : {&Digits::standard_errors, &Digits::sigma, &Digits::r_squared}) {
      for (const NistFit& fit : result.fits) cells.push_back(text(digits(fit.estimates, result.exact).*quantity));
      for (const std::string& name : names) {
        cells.push_back(text(digits(of(peers, name, result.set.name), result.exact).*quantity));
      }
    }
    table += line(cells);
  }
  return table;
}

}  // namespace

std::vector<NistResult> run_nist(const Context& context, Precision precision) {
  std::vector<NistResult> results;
  for (const NistSet& set : read_nist_sets()) {
    NistResult result{set, precision, exact_estimates(set, precision), {}};
    for (std::size_t route = 0; route < kNistRoutes.size(); ++route) {
      result.fits[route] = fit_nist(context, set, kNistRoutes[route], precision);
    }
    results.push_back(result);
  }
  return results;
}

std::string nist_tables(const std::vector<NistResult>& float64, const std::vector<NistResult>& float32) {
  const Peers peers = read_nist_peers();
  return "\n### Coefficients\n\n" + coefficients(float64, peers) + "\n### Standard errors, σ̂ and R²\n\n" +
         inference(float64, peers) + "\n### Coefficients, against the certified values\n\n" +
         certified(float64, peers) + "\n### float32 storage: coefficients\n\n" + coefficients(float32, {}) +
         "\n### float32 storage: standard errors, σ̂ and R²\n\n" + inference(float32, {}) + "\n";
}

std::string page_with_tables(const std::string& page, const std::string& tables) {
  const std::size_t begin = page.find(kBegin), end = page.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    throw std::invalid_argument("the page does not mark where its tables begin and end");
  }
  return page.substr(0, begin) + kBegin + tables + page.substr(end);
}

}  // namespace sigmahat::test
