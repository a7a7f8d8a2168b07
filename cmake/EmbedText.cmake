# Writes a C++ source that defines VARIABLE, a string view of the text of FILE.
# usage: cmake -DFILE=... -DVARIABLE=namespace::name -DHEADER=... -DOUT=... -P EmbedText.cmake
file(READ ${FILE} text)
string(FIND "${text}" ")embedded\"" end_of_literal)
if(NOT end_of_literal EQUAL -1)
  message(FATAL_ERROR "${FILE}: it holds the characters that end the literal it is embedded as")
endif()
file(WRITE ${OUT}
  "#include \"${HEADER}\"\n\nconst std::string_view ${VARIABLE} =\n    R\"embedded(${text})embedded\";\n")
