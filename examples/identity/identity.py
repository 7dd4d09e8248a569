"""Signs who is logged in on a page, in Python, with PyJWT and cryptography:

    python3 identity.py ACCOUNT SUBJECT [NAME [EMAIL]]

The account's secret token (charla_sk_…) is in the environment, as CHARLA_SECRET.
"""

import base64
import os
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def sign_identity(secret, account, subject, name=None, email=None, seconds=600):
    # The secret token is an Ed25519 seed, in base64url without padding.
    seed = base64.urlsafe_b64decode(secret.removeprefix("charla_sk_") + "=")
    now = time.time()
    claims = {"aud": [account], "sub": subject, "name": name, "email": email, "iat": now, "exp": now + seconds}
    return jwt.encode(claims, Ed25519PrivateKey.from_private_bytes(seed), algorithm="EdDSA")


if __name__ == "__main__":
    print(sign_identity(os.environ["CHARLA_SECRET"], *sys.argv[1:]))
