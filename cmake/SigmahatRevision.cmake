# SIGMAHAT_SOURCE_REVISION: the commit that the program and its manifests name, with "+changes" where tracked files differ
# from it as CMake runs, or "unknown". A commit makes CMake run again. A build without .git, as in a container, is told.
set(SIGMAHAT_REVISION "" CACHE STRING "Source revision that the program names; empty: what git says")
set(SIGMAHAT_SOURCE_REVISION "unknown")
if(SIGMAHAT_REVISION)
  set(SIGMAHAT_SOURCE_REVISION "${SIGMAHAT_REVISION}")
else()
  find_package(Git QUIET)
  if(Git_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
    # A clone may belong to another user than the one who builds it.
    set(git ${GIT_EXECUTABLE} --no-optional-locks -c "safe.directory=*" -C ${PROJECT_SOURCE_DIR})
    execute_process(COMMAND ${git} describe --always --abbrev=40 --dirty=+changes --exclude=*
      OUTPUT_VARIABLE commit RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT failed)
      set(SIGMAHAT_SOURCE_REVISION "${commit}")
      execute_process(COMMAND ${git} rev-parse --git-path logs/HEAD OUTPUT_VARIABLE log
        OUTPUT_STRIP_TRAILING_WHITESPACE)
      cmake_path(ABSOLUTE_PATH log BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
      if(EXISTS ${log})
        set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${log})
      endif()
    endif()
  endif()
endif()
