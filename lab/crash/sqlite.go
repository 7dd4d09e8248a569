package crash

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/charlahq/charla/lab/audit"
)

// SQLite kills a process on one SQLite database, in an empty folder, as often as the
// plan says. An error means that the proof itself failed; what it found is in the
// report.
func SQLite(p Plan, dir string) (*Report, error) {
	j := job{Dir: dir, Mutant: p.Mutant, Epoch: time.Now()}
	r := &Report{}
	rng := rand.New(rand.NewPCG(p.Seed, 0))
	w := newWorld(p.Seed, p.Chats)
	w.begin()
	for r.Kills < p.Kills {
		child, err := spawn(j)
		if err != nil {
			return nil, err
		}
		if rng.IntN(6) == 0 { // while it starts
			time.Sleep(time.Duration(rng.IntN(40)) * time.Millisecond)
			r.Early++
		} else {
			select {
			case <-child.ready:
			case <-child.dead:
				return nil, fmt.Errorf("the child ends by itself: %w", child.cmd.Wait())
			}
			w.serve(child)
			time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond)
		}
		child.kill()
		r.Kills++
		if err := p.look(j, w, r); err != nil {
			return nil, err
		}
	}
	return r, p.settle(j, w, r)
}

// look checks a copy of what the killed process left; the next process finds the
// original as it is.
func (p Plan) look(j job, w *world, r *Report) error {
	dir, err := os.MkdirTemp(j.Dir, "copy")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"chat.db", "chat.db-wal"} {
		body, err := os.ReadFile(j.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), body, 0o600)
		}
		if err != nil {
			return err
		}
	}
	copied := job{Dir: dir}
	if err := integrity(copied.path("chat.db"), r); err != nil || p.Audit == 0 || r.Kills%p.Audit != 0 {
		return err
	}
	return copied.open(func(o *opened) error {
		var found audit.Findings
		for _, c := range w.chats {
			ref, acks := c.ledger()
			if _, err := found.Conversation(ctx, o.desk, ref, acks); err != nil {
				return err
			}
		}
		if err := found.Err(); err != nil {
			found.Problems = append([]string{fmt.Sprintf("after kill %d:", r.Kills)}, found.Problems...)
		}
		found.Acks = 0 // they are counted in the end
		r.Findings.Add(&found)
		return nil
	})
}

// integrity reports what SQLite's own check finds.
func integrity(path string, r *Report) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.Query("PRAGMA integrity_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			r.Wrong("integrity_check after kill %d: %s", r.Kills, line)
		}
	}
	r.Checked++
	return rows.Err()
}

// settle ends the trial: a last process, which is not killed, answers the last
// requests; then this process carries out all deadlines, and audits.
func (p Plan) settle(j job, w *world, r *Report) error {
	child, err := spawn(j)
	if err != nil {
		return err
	}
	w.serve(child)
	if err := w.end(child); err != nil {
		return err
	}
	r.people(w)
	if n := r.Busy + r.Unknown; n > 0 {
		r.Wrong("%d calls failed: %v", n, w.lastFailure.Load())
	}
	if err := integrity(j.path("chat.db"), r); err != nil {
		return err
	}
	return j.open(func(o *opened) error { return p.audit(o, w, r) })
}
