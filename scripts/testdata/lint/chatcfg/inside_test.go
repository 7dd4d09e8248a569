package chatcfg // want testpackage

import "testing"

func TestInside(*testing.T) {}
