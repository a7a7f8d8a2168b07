#include "problem.hpp"

#include <algorithm>
#include <cmath>

#include "inference.hpp"
#include "problem_rows.hpp"
#include "routes.hpp"
#include "solution.hpp"

namespace sigmahat::backends {
namespace {

double canonical(double value) { return std::isnan(value) ? kCanonicalNaN : value; }

}  // namespace

bool plain(const LeastSquaresSpec& spec, const LeastSquaresView& wanted) {
  const bool errors = spec.standard_errors == StandardErrors::none ||
                      (spec.standard_errors == StandardErrors::classical && spec.ridge == 0);
  const bool sums = wanted.rss != nullptr || wanted.residual_dof != nullptr;
  return spec.route != LeastSquaresRoute::qr && spec.rank_tolerance == 0 && errors && !(spec.ridge > 0 && sums) &&
         wanted.covariance == nullptr && wanted.residuals == nullptr && wanted.fitted == nullptr;
}

class ProblemSolver::State {
 public:
  State(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
        const RowSteps& steps)
      : batch_(rows),
        spec_(spec),
        out_(result),
        steps_(steps),
        k_(rows.columns()),
        q_(k_ + 1),
        first_(spec.intercept ? 1 : 0),
        count_(k_ + first_),
        rows_(rows, spec.drop_missing),
        routes_(k_, spec, steps_),
        residuals_(static_cast<std::size_t>(kCanonicalBlock)),
        residuals_low_(static_cast<std::size_t>(kCanonicalBlock)) {}

  void solve(Index problem, const ProblemGram& gram) {
    problem_ = problem;
    rows_.open(problem);
    clear();
    describe(gram);
    const ProblemStatus status = routes_.solve(gram, rows_, solution_);
    const bool taken = solution_.route != RouteTaken::none;
    write(out_.rank, static_cast<std::int32_t>(taken ? solution_.rank + first_ : 0));
    write(out_.condition, canonical(solution_.condition));
    write(out_.route, solution_.route);
    write(out_.status, status);
    const bool regular = status == ProblemStatus::ok || status == ProblemStatus::refined_by_qr;
    const bool by_policy = status == ProblemStatus::rank_deficient && taken && spec_.rank_policy != RankPolicy::fail;
    if (!regular && !by_policy) return;
    write_coefficients();
    write_sums(gram);
    write_errors(gram);
  }

 private:
  template <class T>
  void write(T* array, T value) const {
    if (array != nullptr) array[problem_] = value;
  }
  double* item(double* array, Index size) const { return array == nullptr ? nullptr : array + problem_ * size; }

  void clear() const {
    const auto clear_items = [](double* first, Index size) {
      if (first != nullptr) std::fill_n(first, size, kCanonicalNaN);
    };
    for (double* const array : {out_.rss, out_.tss, out_.residual_dof}) clear_items(item(array, 1), 1);
    for (double* const array : {out_.coefficients, out_.standard_errors}) clear_items(item(array, count_), count_);
    clear_items(item(out_.covariance, count_ * count_), count_ * count_);
    const Index first = batch_.first_row(problem_), rows = batch_.rows_of(problem_);
    for (double* const array : {out_.residuals, out_.fitted}) {
      clear_items(array == nullptr ? nullptr : array + first, rows);
    }
  }

  /// What the Gram matrix says, whatever becomes of the problem.
  void describe(const ProblemGram& gram) const {
    write(out_.weight, canonical(gram.weight));
    write(out_.rows, gram.rows);
    write(out_.dropped, gram.dropped);
    if (double* const mean = item(out_.mean, q_)) {
      for (Index j = 0; j < q_; ++j) mean[j] = spec_.intercept ? canonical(gram.mean[j] + gram.residual[j]) : 0.0;
    }
    if (double* const full = item(out_.gram, q_ * q_)) {
      for (Index i = 0; i < q_; ++i) {
        for (Index j = 0; j <= i; ++j) full[i * q_ + j] = full[j * q_ + i] = canonical(gram.gram[steps::packed(i, j)]);
      }
    }
  }

  void write_coefficients() const {
    double* const coefficients = item(out_.coefficients, count_);
    if (coefficients == nullptr) return;
    if (spec_.intercept) coefficients[0] = solution_.intercept[0] + solution_.intercept[1];
    for (Index j = 0; j < k_; ++j) {
      coefficients[first_ + j] = solution_.aliased[j] ? kCanonicalNaN : solution_.b[j];
    }
  }

  bool errors_wanted() const {
    return spec_.standard_errors != StandardErrors::none &&
           (out_.standard_errors != nullptr || out_.covariance != nullptr);
  }

  void write_sums(const ProblemGram& gram) {
    residual_dof_ = static_cast<double>(gram.rows - first_) - hat_trace(spec_, gram, solution_);
    if (std::fabs(residual_dof_) < 0x1p-40 * static_cast<double>(gram.rows)) residual_dof_ = 0;  // rounding of a trace
    write(out_.residual_dof, residual_dof_);
    write(out_.tss, solution_.constant_response ? 0.0 : canonical(gram.gram[steps::packed(k_, k_)]));
    const bool rows_wanted = out_.residuals != nullptr || out_.fitted != nullptr;
    if (out_.rss == nullptr && !errors_wanted() && !rows_wanted) return;
    rss_ = solution_.minimum;
    if (!solution_.keeps_rss || rows_wanted) {
      const double from_rows = read_rows();
      if (!solution_.keeps_rss) rss_ = from_rows;
    }
    write(out_.rss, canonical(rss_));
  }

  /// Σ w r² from the rows; residuals and fitted values on the way.
  double read_rows() {
    const Residuals residuals{residuals_.data(), residuals_low_.data()};
    double sum[2] = {0, 0};
    for (Index number = 0; number < rows_.blocks(); ++number) {
      const StagedBlock block = rows_.block(number);
      steps_.residuals(k_, block, solution_.intercept, solution_.b.data(), residuals);
      steps_.sum_of_squares(block, residuals, sum);
      for (Index i = 0; i < block.count; ++i) {
        const double residual = residuals.hi[i];
        if (out_.residuals != nullptr) out_.residuals[rows_.source_row(i)] = canonical(residual);
        if (out_.fitted != nullptr) out_.fitted[rows_.source_row(i)] = canonical(block.z[i * q_ + k_] - residual);
      }
    }
    return sum[0] + sum[1];
  }

  void write_errors(const ProblemGram& gram) {
    if (!errors_wanted()) return;
    const double sigma_squared = residual_dof_ > 0 ? rss_ / residual_dof_ : kCanonicalNaN;
    const bool by_formula = spec_.standard_errors == StandardErrors::classical && !(spec_.ridge > 0);
    std::vector<double> covariance, scale;
    if (!by_formula || out_.covariance != nullptr) {
      covariance = coefficient_covariance(spec_, steps_, gram, solution_, sigma_squared, residual_dof_, rows_, scale);
    }
    if (double* const errors = item(out_.standard_errors, count_)) {
      for (Index c = 0; c < count_; ++c) {
        const double error =
            by_formula ? classical_error(gram, sigma_squared, c) : std::sqrt(covariance[c * count_ + c]) * scale[c];
        errors[c] = canonical(error);
      }
    }
    double* const full = item(out_.covariance, count_ * count_);
    for (Index place = 0; full != nullptr && place < count_ * count_; ++place) {
      full[place] = canonical((covariance[place] * scale[place / count_]) * scale[place % count_]);
    }
  }

  double classical_error(const ProblemGram& gram, double sigma_squared, Index c) const {
    if (c < first_) return std::sqrt(sigma_squared * (1 / gram.weight + solution_.mean_leverage));
    const Index j = c - first_;
    return solution_.aliased[j] ? kCanonicalNaN : std::sqrt(sigma_squared * solution_.inverse[j]) * solution_.scale[j];
  }

  const LeastSquaresRows& batch_;
  const LeastSquaresSpec& spec_;
  const LeastSquaresView& out_;
  const RowSteps steps_;
  Index k_, q_, first_, count_;  // count_ = K coefficients, first_ of which are the intercept's
  ProblemRows rows_;
  Routes routes_;
  Solution solution_;
  Index problem_ = 0;
  double residual_dof_ = kCanonicalNaN, rss_ = kCanonicalNaN;
  std::vector<double> residuals_, residuals_low_;
};

ProblemSolver::ProblemSolver(const LeastSquaresRows& rows, const LeastSquaresSpec& spec, const LeastSquaresView& result,
                             const RowSteps& steps)
    : state_(std::make_unique<State>(rows, spec, result, steps)) {}
ProblemSolver::~ProblemSolver() = default;

void ProblemSolver::solve(Index problem, const ProblemGram& gram) { state_->solve(problem, gram); }

}  // namespace sigmahat::backends
