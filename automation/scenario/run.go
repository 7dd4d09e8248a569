package scenario

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// TB is what [Run] needs of a test; a *testing.T is a TB[*testing.T].
type TB[T any] interface {
	Helper()
	Context() context.Context
	Run(name string, f func(T)) bool
	Fatal(args ...any)
}

// Run plays every file of fsys whose name ends in ".txtar", at any depth, each as
// a subtest of its own on a fresh store, one after the other in the order of
// their names. A file that fails fails its subtest with "FILE:LINE: want …,
// got …"; an fsys without such a file fails t. Nil options mean in memory.
func Run[T TB[T]](t T, fsys fs.FS, o *Options) {
	t.Helper()
	var files []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path.Ext(name) == ".txtar" {
			files = append(files, name)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("scenario: no file ends in .txtar")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(name, func(t T) {
			t.Helper()
			err := play(t.Context(), fsys, name, o)
			if f := (*Failure)(nil); errors.As(err, &f) {
				t.Fatal(f.Details())
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// play reads and plays one file. It fails if the file cannot be read, and as [Parse]
// and [Script.Play] do.
func play(ctx context.Context, fsys fs.FS, name string, o *Options) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	s, err := Parse(name, data)
	if err != nil {
		return err
	}
	return s.Play(ctx, o)
}
