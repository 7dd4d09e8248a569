// Package storagetest checks that a [storage.Store] keeps the contract. Who
// writes a store runs the whole suite from a test of their own:
//
//	func TestStore(t *testing.T) {
//		storagetest.Run(t, storagetest.Harness{
//			Open: func(t *testing.T) storage.Store {
//				s, err := mystore.Open(t.TempDir())
//				if err != nil {
//					t.Fatal(err)
//				}
//				return s
//			},
//		})
//	}
//
// Open is all that a harness needs. A durable store also gives Reopen, and a
// store whose commits can overlap gives Hold: the suite then keeps a commit open
// across two polls of the feed, and saves a configuration and deletes an account
// against it. Without Hold it only races them.
//
// Run the suite under the race detector too: much of it is many goroutines on one
// store. It reads no clock but to end a check that hangs: every instant that a store
// sees is the suite's.
//
// [Errors] is for the suite's own sake: run it on a store with a known defect,
// and it must not come back empty.
package storagetest
