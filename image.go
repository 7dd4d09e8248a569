package charla

import (
	"context"
	"slices"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// ImageKind names an image of an account.
type ImageKind string

// The images of an account (R1.2).
const (
	// ImagePicture is the company's, beside its messages. It is square.
	ImagePicture ImageKind = "picture"
	// ImageLogo is the logo of the chat's button, exactly 200×200.
	ImageLogo ImageKind = "logo"
)

// SetImage sets an image of the account; nil removes it. It fails with
// [chatcfg.Problems] for an unknown kind and for what is not a PNG, JPEG, GIF or WebP
// of the kind's size (R1.2), and with [ErrNotFound], [ErrDeleted], [ErrBusy],
// [ErrNewerFormat] or [ErrOutcomeUnknown].
func (a *Account) SetImage(ctx context.Context, kind ImageKind, body []byte) error {
	if err := checkChoice("kind", kind, ImagePicture, ImageLogo); err != nil {
		return err
	}
	check := chatcfg.CheckPicture
	if kind == ImageLogo {
		check = chatcfg.CheckLogo
	}
	var image *chatcfg.Image
	if body != nil {
		checked, err := check(body)
		if err != nil {
			return err
		}
		image = &checked
	}
	return a.desk.update(ctx, a.id, func(record *chatcfg.Account) bool {
		if kind == ImageLogo {
			record.Logo = image
		} else {
			record.Picture = image
		}
		return true
	}, storage.Document{Name: string(kind), Body: slices.Clone(body)})
}

// Image returns the bytes of an image, a deleted account's too. It fails with
// [chatcfg.Problems] for an unknown kind, and [ErrNotFound] if there is none.
func (a *Account) Image(ctx context.Context, kind ImageKind) ([]byte, error) {
	if err := checkChoice("kind", kind, ImagePicture, ImageLogo); err != nil {
		return nil, err
	}
	body, err := a.desk.store.Accounts().Document(ctx, a.id, string(kind), 0)
	if err == nil && len(body) == 0 {
		err = ErrNotFound
	}
	return body, storeError(err)
}
