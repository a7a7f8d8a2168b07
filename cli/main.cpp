#include "application.hpp"

int main(int argc, char** argv) { return sigmahat::cli::run_application(argc, argv); }
