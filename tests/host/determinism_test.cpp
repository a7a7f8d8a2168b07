// The promises in the code are those of the page.
#include "sigmahat/host/determinism.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace sigmahat {
namespace {

/// A cell of the page's table.
std::string cell(Determinism cpu, Determinism gpu) {
  const std::string on_cpu = to_string(cpu), on_gpu = to_string(gpu);
  if (cpu == gpu) return on_cpu;
  return on_cpu + (cpu == Determinism::d3 ? " among the CPU backends, " : " on the CPU, ") + on_gpu + " on the GPU";
}

TEST(Promises, AreThoseOfThePage) {
  const std::ifstream file(SIGMAHAT_ARCHITECTURE_PAGE);
  ASSERT_TRUE(file.good()) << SIGMAHAT_ARCHITECTURE_PAGE;
  std::ostringstream page;
  page << file.rdbuf();
  for (const PromiseRow& row : promises()) {
    const std::string line = std::string("| ") + row.operation + " | " + cell(row.small_cpu, row.small_gpu) + " | " +
                             cell(row.large_cpu, row.large_gpu) + " |\n";
    EXPECT_LE(row.small_gpu, row.small_cpu) << "the selftest stores the bits of what the CPU promises";
    EXPECT_LE(row.large_gpu, row.large_cpu);
    EXPECT_NE(page.str().find(line), std::string::npos) << "not in the page: " << line;
  }
}

TEST(Promises, DependOnSizeAndPlace) {
  EXPECT_EQ(promised(Promise::moments, true, true), Determinism::d3);
  EXPECT_EQ(promised(Promise::moments, false, false), Determinism::d3);
  EXPECT_EQ(promised(Promise::moments, false, true), Determinism::d1);
  EXPECT_EQ(promised(Promise::ascent, true, false), Determinism::d2);
  EXPECT_EQ(promised(Promise::ascent, true, true), Determinism::d1);
}

}  // namespace
}  // namespace sigmahat
