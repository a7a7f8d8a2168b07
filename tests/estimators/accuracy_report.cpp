// Writes the tables of docs/accuracy.md anew. usage: accuracy_report PAGE; scripts/accuracy runs it.
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>

#include "estimators/nist_report.hpp"

int main(int count, char** arguments) {
  using namespace sigmahat;
  if (count != 2) {
    std::cerr << "usage: accuracy_report PAGE\n";
    return 2;
  }
  try {
    std::ostringstream page;
    page << std::ifstream(arguments[1]).rdbuf();
    const Context context(ContextOptions{"cpu", 0});
    const std::string tables = test::nist_tables(test::run_nist(context, test::Precision::float64),
                                                 test::run_nist(context, test::Precision::float32));
    const std::string made = test::page_with_tables(page.str(), tables);
    std::ofstream file(arguments[1]);
    if (!(file << made << std::flush)) {
      std::cerr << "accuracy_report: " << arguments[1] << " cannot be written\n";
      return 1;
    }
    std::cout << tables;
  } catch (const std::exception& error) {
    std::cerr << "accuracy_report: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
