package codec

// AuthorEnd is how many bytes of a message's document hold who wrote it, at most, if
// that is the customer: three numbers, which may take ten bytes each, and the text
// "customer", each field after a byte that names it.
const AuthorEnd = 3*(1+10) + 2 + len("customer")

// CustomerHead is a regular expression that the first AuthorEnd bytes of a message's
// document match, in lower-case hexadecimal digits, if the customer wrote it, and no
// other's: for SQL that counts messages without reading them. Fields are in their order,
// and a number's last byte is below 80.
const CustomerHead = "^(08([89a-f].)*[0-7].)?(10([89a-f].)*[0-7].)?(18([89a-f].)*[0-7].)?2208637573746f6d6572"
