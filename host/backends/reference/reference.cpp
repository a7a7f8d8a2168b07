#include "reference.hpp"

#include "../factory.hpp"

namespace sigmahat::backends {

BackendInfo ReferenceOperations::info() const { return {"reference", "CPU, sequential loops", 1, "scalar", {}}; }

std::unique_ptr<Operations> make_reference() { return std::make_unique<ReferenceOperations>(); }

}  // namespace sigmahat::backends
