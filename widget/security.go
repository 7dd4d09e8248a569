package widget

import "github.com/charlahq/charla"

// refusals are the kinds of security events by the codes of their failures.
var refusals = map[string]charla.SecurityKind{
	codeSession: charla.SecurityTokenRefused,
	codeOrigin:  charla.SecurityOriginRefused,
	codeRate:    charla.SecurityLimit,
}

// report reports the error of a request to the desk, if it is a security event: an
// invalid token, an origin that may not use the account, or a limit.
func (c *call) report(err error) {
	f, _ := asFailure(err)
	if kind, ok := refusals[f.code]; ok {
		c.h.desk.ReportSecurity(c.r.Context(), charla.SecurityEvent{Kind: kind, Account: c.named, Reason: f.limit})
	}
}

// loginRefused reports to the desk, as [charla.SecurityLoginRefused], that a social
// login was refused.
func (c *call) loginRefused(reason string) {
	c.h.desk.ReportSecurity(c.r.Context(), charla.SecurityEvent{Kind: charla.SecurityLoginRefused, Account: c.named, Reason: reason})
}
