module fedstate.io/local/tools/pause

go 1.21
