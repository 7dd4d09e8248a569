package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

func Example() {
	folder, err := os.MkdirTemp("", "first")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	if err := run(context.Background(), filepath.Join(folder, "chat.db")); err != nil {
		fmt.Println(err)
	}
	// Output:
	// customer: Where is my order?
	// rule: Welcome, Carla!
	// agent: It left this morning.
}
