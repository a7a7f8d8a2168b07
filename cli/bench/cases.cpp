#include "bench/cases.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>

#include "sigmahat/host/cpu_probes.hpp"
#include "sigmahat/matrix_batch.hpp"

namespace sigmahat::cli {
namespace {

template <class F>
double seconds_of(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

MatrixFunctionShapes case_shapes(const BenchCase& the, Index size) {
  return shapes_of(the.operation, size, the.is_column ? 1 : size, 1);
}

/// Operands and result in the backend's memory, all of it touched, and the call.
template <class T>
class Prepared {
 public:
  Prepared(const Context& context, const BenchCase& the, const BenchBatch& batch)
      : context_(context),
        result_(context, batch.items, case_shapes(the, batch.size).out.rows, case_shapes(the, batch.size).out.columns),
        sync_(context.operations(), 1) {
    const MatrixFunctionShapes shapes = case_shapes(the, batch.size);
    for (int k = 0; k < the.operands; ++k) operands_.push_back(filled(batch.items, shapes.in[k]));
    call_.function = the.operation;
    call_.is_float = sizeof(T) == sizeof(float);
    call_.items = batch.items;
    call_.m = batch.size;
    call_.n = the.is_column ? 1 : batch.size;
    call_.alpha = the.alpha;
    for (int k = 0; k < kMostOperands && shapes.in[k].entries() > 0; ++k) {
      const MatrixBatch<T>& operand = operands_[static_cast<std::size_t>(std::min(k, the.operands - 1))];
      call_.in[k] = {operand.device(), operand.entries()};
    }
    call_.out = result_.device();
    run(1);
  }

  /// Seconds of one call, of `calls` that follow each other.
  double run(int calls) {
    return seconds_of([&] {
             for (int c = 0; c < calls; ++c) context_.operations().matrix_function(call_);
             wait();
           }) /
           calls;
  }

  /// Operands and result as the doubles that their memory holds; of a backend whose memory is the host's.
  ProbeMemory memory() {
    ProbeMemory all;
    for (const MatrixBatch<T>& operand : operands_) {
      all.read.emplace_back(reinterpret_cast<const double*>(operand.device()), doubles(operand));
    }
    all.written = {reinterpret_cast<double*>(result_.device()), doubles(result_)};
    return all;
  }

 private:
  /// The same random numbers in every item, written by the backend.
  MatrixBatch<T> filled(Index items, MatrixShape shape) const {
    std::vector<T> numbers(static_cast<std::size_t>(shape.entries()));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<T>(0.5 + 0.25 * std::sin(static_cast<double>(i)));
    }
    const MatrixBatch<T> item(context_, 1, shape.rows, shape.columns, numbers);
    MatrixBatch<T> batch(context_, items, shape.rows, shape.columns);
    MatrixFunctionCall call;
    call.function = MatrixFunction::scale;
    call.is_float = sizeof(T) == sizeof(float);
    call.items = items;
    call.m = shape.rows;
    call.n = shape.columns;
    call.in[0] = {item.device(), 0};
    call.out = batch.device();
    context_.operations().matrix_function(call);
    wait();  // the item goes
    return batch;
  }
  /// Until the device is done: a copy to the host comes after what was queued before.
  void wait() const {
    double number = 0;
    sync_.download(std::span(&number, 1));
  }
  static std::size_t doubles(const MatrixBatch<T>& batch) {
    return static_cast<std::size_t>(batch.items() * batch.entries()) * sizeof(T) / sizeof(double);
  }

  const Context& context_;
  MatrixBatch<T> result_;
  Buffer sync_;
  std::vector<MatrixBatch<T>> operands_;
  MatrixFunctionCall call_;
};

/// Calls that take 2 ms together, so that neither the clock nor a launch counts.
int calls_for(double seconds) { return static_cast<int>(std::clamp(std::ceil(2e-3 / seconds), 1.0, 100.0)); }

template <class T>
BenchResult run_typed(const Context& context, const BenchCase& the, const BenchBatch& batch, ScalarType precision) {
  BenchResult result{the.entry, the.function, precision, 0, 0, 0};
  result.bytes = item_bytes(the, batch.size, precision) * static_cast<double>(batch.items);
  Prepared<T> prepared(context, the, batch);
  const int calls = calls_for(prepared.run(1)), threads = context.operations().info().threads;
  std::vector<double> times, limits;
  const auto repeat = [&](auto&& limit) {
    for (int r = 0; r < batch.repetitions; ++r) {
      limits.push_back(limit());
      times.push_back(prepared.run(calls));
    }
  };
  if (context.device_used().starts_with("cuda")) {
    constexpr double kMostCopied = 1 << 25;  // numbers: 256 MiB, more than any GPU caches
    const BenchCase copy{"", "", MatrixFunction::scale, 1, true};
    const double numbers = std::min(result.bytes / (2 * sizeof(double)), kMostCopied);
    const auto items = static_cast<Index>(numbers / static_cast<double>(batch.size));
    const BenchBatch copied{std::max<Index>(items, 1), batch.size, 1};
    Prepared<double> copies(context, copy, copied);
    const int copy_calls = calls_for(copies.run(1));
    const double bytes = item_bytes(copy, batch.size, ScalarType::float64) * static_cast<double>(copied.items);
    repeat([&] { return bytes / copies.run(copy_calls); });
  } else {
    const ProbeMemory memory = prepared.memory();
    probe_traffic(memory, threads);
    repeat([&] { return result.bytes / probe_traffic(memory, threads); });
  }
  result.seconds = median(times);
  result.limit = median(limits);
  return result;
}

}  // namespace

const std::vector<BenchCase>& bench_cases() {
  using enum MatrixFunction;
  static const std::vector<BenchCase> cases = {
      {"linear-form", "value", dot, 2, true},
      {"linear-form", "gradient", scale, 1, true},
      {"squared-norm", "value", dot, 1, true},
      {"squared-norm", "gradient", scale, 1, true, 2},
      {"quadratic-form", "value", quadratic_form, 2, false},
      {"quadratic-form", "gradient", quadratic_form_gradient, 2, false},
      {"product-of-forms", "value", product_of_forms, 3, false},
      {"product-of-forms", "gradient", product_of_forms_gradient, 3, false},
  };
  return cases;
}

double item_bytes(const BenchCase& the, Index size, ScalarType precision) {
  const MatrixFunctionShapes shapes = case_shapes(the, size);
  Index numbers = shapes.out.entries();
  for (int k = 0; k < the.operands; ++k) numbers += shapes.in[k].entries();
  return static_cast<double>(numbers) * (precision == ScalarType::float32 ? sizeof(float) : sizeof(double));
}

BenchResult run_case(const Context& context, const BenchCase& the, const BenchBatch& batch, ScalarType precision) {
  return precision == ScalarType::float32 ? run_typed<float>(context, the, batch, precision)
                                          : run_typed<double>(context, the, batch, precision);
}

}  // namespace sigmahat::cli
