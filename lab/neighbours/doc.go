// Command neighbours shows what hostile addresses and a hostile tenant cost the visitors of
// another tenant: a server process with the limits that are the default, a tenant whose
// visitors come at a steady rate, and attacks one after the other, between phases without
// one. It prints, for each phase, how long the visitors' requests took and how many were
// refused, how long the tenant's mails took, and how many of the attackers' requests were
// refused. It fails if a visitor was refused or failed, if a mail or an event of the
// tenant's is dead or does not come, if one came twice, or if no attacker was refused.
//
//	go run ./lab/neighbours -phase 20s -forms 10000 -logins 5000
package main
