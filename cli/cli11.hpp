// CLI11's types by their names. Its own header is for the files that define options: it costs each one seconds to compile.
#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): its own name
class App;
class ParseError;
}  // namespace CLI
