// Functions of small matrices, batched: a part of a warp, a warp or a block for each item. Header:
// sigmahat/kernels/matrix_functions_launch.hpp.
#include "sigmahat/kernels/matrix_functions_launch.hpp"

#include "device/block.cuh"
#include "steps/matrix_functions.hpp"

namespace sigmahat {
namespace {

using namespace device;

constexpr int kThreads = 256;         // of a block that works on one item
constexpr int kTileThreads = 128;     // of a block of tiles, at most
constexpr Index kLargestGrid = 2048;  // blocks walk on from there
constexpr Index kTinyItem = 64;       // entries of all operands and the result: 8 threads are enough for so many
constexpr Index kSmallItem = 8192;    // a warp takes items of so many entries,
constexpr Index kFewItems = 2048;     // but a block does where so few items would leave the device idle,
constexpr Index kNarrowItem = 512;    // unless they have hardly work for it
constexpr Index kSharedOfTiles = 48 << 10, kSharedOfBlock = 96 << 10;

/// How the items of one call are divided among threads.
struct Division {
  int width;    // threads of an item
  int threads;  // of a block
  Index blocks;
  Index scratch;         // numbers of an item
  Index shared_numbers;  // of a block, 0 where the scratch lies in the workspace
  Index workspace;       // numbers of all blocks
};

Division division_of(const MatrixFunctionCall& call) {
  const Index entries = steps::entries_of(call), scratch = steps::scratch_of(call);
  const Index bytes = shared_bytes<double>(scratch);
  const bool by_block =
      entries > kSmallItem || (call.items <= kFewItems && entries > kNarrowItem) || bytes > kSharedOfTiles / 2;
  Division d{by_block ? kThreads : kWarp, by_block ? kThreads : kTileThreads, 0, scratch, 0, 0};
  if (!by_block && entries <= kTinyItem) d.width = 8;
  while (!by_block && d.threads > kWarp && d.threads / d.width * bytes > kSharedOfTiles) d.threads /= 2;
  while (d.width < d.threads && d.threads / d.width * bytes > kSharedOfTiles) d.width *= 2;
  const Index tiles = d.threads / d.width, groups = (call.items + tiles - 1) / tiles;
  d.blocks = groups < kLargestGrid ? groups : kLargestGrid;
  if (bytes <= kSharedOfBlock) {
    d.shared_numbers = tiles * scratch;
  } else {
    d.workspace = d.blocks * scratch;
  }
  return d;
}

/// kFunction is a MatrixFunction, as a number: kernels are listed by their names.
template <int kFunction, class T>
SIGMAHAT_KERNEL(kThreads)
matrix_function_items(MatrixFunctionCall call, Index out_entries, int width, Index scratch, double* workspace) {
  SharedCarver carver;
  const TileTeam team(width);
  const Index tiles = team.tiles();
  double* const own = workspace == nullptr ? carver.take<double>(tiles * scratch) + team.tile() * scratch
                                           : workspace + block_x() * scratch;
  for (Index item = block_x() * tiles + team.tile(); item < call.items; item += grid_x() * tiles) {
    steps::MatrixStep<static_cast<MatrixFunction>(kFunction)>::apply(
        team, call, steps::matrix_item<T>(call, out_entries, item, own));
    team.barrier();
  }
}

LaunchStatus launch_one(DeviceStream stream, const MatrixFunctionCall& call, double* workspace) {
  const Division d = division_of(call);
  LaunchStatus status;
  steps::with_function(call.function, [&](auto function) {
    constexpr int kFunction = static_cast<int>(decltype(function)::value);
    const auto kernel =
        call.is_float ? matrix_function_items<kFunction, float> : matrix_function_items<kFunction, double>;
    status = launch(kernel, {d.blocks}, d.threads, shared_bytes<double>(d.shared_numbers), stream, call,
                    shapes_of(call).out.entries(), d.width, d.scratch, d.workspace > 0 ? workspace : nullptr);
  });
  return status;
}

}  // namespace

Index matrix_function_workspace(const MatrixFunctionCall& call) { return division_of(call).workspace; }

LaunchStatus launch_matrix_function(DeviceStream stream, const MatrixFunctionCall& call, double* workspace) {
  const steps::DividedCalls parts = steps::divided(call);
  for (int part = 0; part < parts.count; ++part) {
    const LaunchStatus status = launch_one(stream, parts.calls[part], workspace);
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace sigmahat
