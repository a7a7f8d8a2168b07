# Run by the test consumer.installed_package; see CMakeLists.txt beside it for the variables.
function(run step)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "consumer: ${step} ended with ${code}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${work})
set(prefix ${work}/prefix)
set(ENV{LD_LIBRARY_PATH})
run("installing" ${CMAKE_COMMAND} --install ${build} --prefix ${prefix})
run("configuring the project" ${CMAKE_COMMAND} -S ${project} -B ${work}/build -G ${generator}
  -D CMAKE_BUILD_TYPE=${build_type} -D CMAKE_CXX_COMPILER=${compiler} "-DCMAKE_CXX_FLAGS=${flags}"
  -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_FIND_PACKAGE_NO_PACKAGE_REGISTRY=ON)
run("building the project" ${CMAKE_COMMAND} --build ${work}/build)

run("running the project" ${work}/build/consumer)
file(READ ${project}/expected.txt expected)
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "consumer: it printed\n${output}\nexpected was\n${expected}")
endif()

# Debian's alternatives may point libopenblas.so.0 to another variant; the run path must not follow them.
run("reading the libraries of the project" ldd ${work}/build/consumer)
if(NOT output MATCHES "libopenblas\\.so\\.0 => [^\n]*/openblas-openmp/")
  message(FATAL_ERROR "consumer: the installed library does not find the OpenMP variant of OpenBLAS:\n${output}")
endif()

if(command)
  run("reading the libraries that ${command} finds" ldd ${prefix}/${command})
  string(REGEX MATCH "libarrow\\.so[^\n]*" arrow "${output}")
  string(FIND "${arrow}" " => ${prefix}/" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "consumer: the installed ${command} does not find its own copy of libarrow:\n${output}")
  endif()
  run("running the installed command" ${prefix}/${command} info)
endif()
