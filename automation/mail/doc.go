// Package mail sends charla's e-mails by SMTP: a [charla.Mailer]. R8.2 and the like are rules
// of docs/SPEC.md.
//
//	mailer, err := mail.New("smtp.tienda.cl:587", "chat@tienda.cl", &mail.Options{
//		Username: "chat@tienda.cl",
//		Password: os.Getenv("SMTP_PASSWORD"),
//	})
//	if err != nil {
//		return err
//	}
//	defer mailer.Close()
//	desk, err := charla.New(store, &charla.Options{Mailer: mailer})
//
// Each mail has a text and an HTML alternative in the account's language, and a
// Message-ID that is the same at every attempt.
//
// # The outcome of a mail
//
// An e-mail is tried again only if the server certainly did not take it (R8.2).
// So a failure is judged by how far the mail got:
//
//   - Before the end of the mail was sent, nothing was taken: [charla.ErrNotSent].
//     A server out of reach, TLS that fails, a login refused, an answer 4xx, a
//     connection cut within the text.
//   - An answer 5xx to this mail's sender, recipient or text: [charla.ErrRefused].
//     To the greeting or the login it says nothing about the mail, and to a mail
//     that was to be preceded by a login (530, 534, 535, 538) neither: those are
//     [charla.ErrNotSent].
//   - After the end of the mail, the answer decides: 2xx is nil, 4xx ErrNotSent, 5xx
//     ErrRefused. Without an answer, or with one that is no SMTP, the outcome is
//     unknown: the error is neither, and the host decides.
//
// A mail that the run's end overtakes still waits for the server's answer, within
// its time.
//
// # Mail bombs
//
// What is over [Limit] for one address comes later, however long the flood lasts
// ([charla.Later]). No account by itself uses up another's: all together have four times as
// much. Contact forms never take the tickets'
// half of it, and one sender leaves others as much as they take. Nothing is merged: each
// mail says which ticket it is about.
package mail
