package pgtest

import (
	"context"
	"errors"
	"fmt"
)

// standbyName is what a standby calls itself.
const standbyName = "charla_standby"

// Standby makes a standby of a server that was started with [Options].Replicated, and
// waits until the server takes it as synchronous: from then on a commit is answered when
// both have it, and no commit is without the standby. Standby fails, and leaves no
// standby, if a step fails or ctx ends first. The standby is a server like others, to be
// stopped by itself; [Server.Promote] makes it take over. A client that knows both names
// both folders:
//
//	dsn + " host=" + s.Folder() + "," + standby.Folder() + " port=5432,5432 target_session_attrs=read-write"
func (s *Server) Standby(ctx context.Context) (*Server, error) {
	dir, err := folder()
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	standby := &Server{bin: s.bin, dir: dir}
	standby.dsn = address(dir)
	standby.settings = append(s.settings[:len(s.settings):len(s.settings)], "-c", "wal_retrieve_retry_interval=100ms",
		"-c", "primary_conninfo="+s.dsn+" application_name="+standbyName)
	err = standby.create(ctx, "pg_basebackup", "--pgdata", standby.data(), "--dbname", s.dsn, "--write-recovery-conf",
		"--wal-method", "stream", "--checkpoint", "fast", "--no-sync")
	if err == nil {
		err = standby.Restart(ctx)
	}
	for _, statement := range []string{
		"ALTER SYSTEM SET synchronous_standby_names = " + standbyName,
		"SELECT pg_reload_conf()",
		`DO $$ BEGIN
			WHILE NOT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync') LOOP
				PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
			END LOOP;
		END $$`,
	} {
		if err == nil {
			err = execute(ctx, s.dsn, statement)
		}
	}
	if err != nil {
		return nil, errors.Join(err, standby.Stop())
	}
	return standby, nil
}

// Promote makes a standby take over: it is a primary when Promote returns. The server
// that it followed has to be gone, or there are two. Promote fails if the standby cannot
// be reached or does not become a primary.
func (s *Server) Promote(ctx context.Context) error {
	return execute(ctx, s.dsn, "DO $$ BEGIN IF NOT pg_promote() THEN RAISE 'not promoted'; END IF; END $$")
}
