// Package postgres keeps charla in one PostgreSQL database: a [storage.Store] for
// several processes, any of which serves any request and claims any deadline.
//
//	store, err := postgres.Open(ctx, "postgres://charla@db/chat", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//
// [New] takes a [pgxpool.Pool], of [NewPool] or of the host's own, which a [Broker] needs,
// too:
//
//	pool, err := postgres.NewPool(ctx, "postgres://charla@db/chat", nil)
//	...
//	store, err := postgres.New(ctx, pool, nil)
//	...
//	broker := postgres.NewBroker(pool)
//	desk, err := charla.New(store, &charla.Options{Broker: broker})
//	...
//	// In the end, after Desk.Run has returned:
//	broker.Wait()
//	store.Close()
//	pool.Close()
//
// The server is at least [MinVersion]; the tests run on what the machine has.
// Everything is in a schema named "charla", which the store makes, and brings up to
// date when it opens: several processes may do so at once. A database of a newer
// charla is refused ([*SchemaError]). It needs no extension, and no right beyond creating that schema,
// which belongs to the role that made it. All processes may come as that role.
//
// # Rights
//
// Where processes are to come as a role that cannot change the schema, its owner calls
// [Migrate] before they start, and lets them read and write:
//
//	GRANT USAGE ON SCHEMA charla TO chat;
//	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA charla TO chat;
//	GRANT USAGE ON ALL SEQUENCES IN SCHEMA charla TO chat;
//	ALTER DEFAULT PRIVILEGES IN SCHEMA charla GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO chat;
//	ALTER DEFAULT PRIVILEGES IN SCHEMA charla GRANT USAGE ON SEQUENCES TO chat;
//
// The last two are for tables of later versions. A store that opens on a schema that is
// not up to date, as such a role, is refused ([ErrNotMigrated]). A [Broker] needs no right
// but to connect.
//
// # Durability
//
// A call that returned nil is as durable as the server makes a commit; one whose
// connections have synchronous_commit off is refused ([ErrAsync]). What waits for
// one of two committing connections, up to 64 batches of whatever accounts, goes
// into one transaction, in which each succeeds or fails by itself. Loads are
// gathered alike, into one statement.
//
// A changing call whose context ends while it waits does nothing. Once it was
// taken up it waits for its outcome, no longer than [Options.Timeout]. An [*Error]
// that is Unknown may have happened: the connection was lost, or the server gave
// up, when the transaction was being ended. Any other error of a changing call
// means that nothing happened; what was lost before that, a deadlock or a server
// that is restarting is tried again a few times, and then is also
// [storage.ErrBusy]. No more calls wait than [Options.Queue] allows: the next one
// gets [ErrBusy].
//
// # Locks
//
// A commit shares the account's row and locks the conversation's; a save, and so a
// deletion, has the account's row for itself. So nothing that was decided under an
// older configuration lands after a save. Locks are taken table by table, each in
// the order of its keys. Nobody waits for a process that is gone longer than
// [Options.Timeout]; for one that the network loses while it sends a transaction, half a
// minute ([NewPool]), or what the server's tcp_keepalives settings say (a host's own
// pool). Claims pass over what another process is claiming, and begin where the last one
// ended; what another process scheduled before that is found within ten seconds.
//
// # The feed
//
// A conversation carries the transaction of its last commit, and a cursor of
// [storage.Queries].Changes which transactions were over when it was read. So a
// commit that lands late is not skipped, and a transaction that stays open, here or
// in another database of the server, holds nobody up. A crash of the server changes
// nothing for a cursor. Those of a server that was put back to an earlier moment, whose
// data was moved to another by a dump, or whose standby has taken over, are
// [storage.ErrCursor].
//
// # Standbys
//
// Reads and writes go to the primary. Where a standby may take over, name both:
//
//	"postgres://charla@/chat?host=db1,db2&target_session_attrs=read-write&connect_timeout=3"
//
// A connection that leads to a standby all the same is given up, and a change on it did
// nothing ([storage.ErrBusy]). Nothing that was acknowledged is lost with the primary
// if its standbys are synchronous (synchronous_standby_names); a commit that none of
// them confirms within [Options.Timeout] is Unknown. Before you promote a standby,
// be sure that the primary is gone.
//
// # Growing
//
// Keys, and every query on behalf of an account, lead with the account; no
// constraint but an account's public key spans two. [Options.Partitions] divides
// the tables by a hash of the account. Accounts are independent: beyond one server
// a host runs desks per database and routes by account.
//
// A pgbouncer between is fine in session mode. In transaction mode the connection string
// needs default_query_exec_mode=cache_describe, else [Open] fails with [ErrPooler];
// the [Broker]'s pool goes to the server itself, since LISTEN needs a
// connection of its own. A pgbouncer that is killed and comes back costs retries only.
//
// [Broker] tells processes of each other's changes by LISTEN and NOTIFY.
package postgres
