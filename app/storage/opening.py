"""The storage that the settings ask for."""

import hashlib
import hmac

from app.config import Settings
from app.storage import Storage
from app.storage.bucket import open_bucket
from app.storage.folder import Folder


def open_storage(settings: Settings) -> Storage:
    """The bucket of STORAGE_URL, or else the folder MEDIA_DIR. Raises SettingsError."""
    if settings.storage_url is not None:
        return open_bucket(settings.storage_url, settings.public_url, settings.storage_public_url)
    # Keys of their own, made of those that sign access tokens.
    secrets = [
        hmac.new(key.encode(), b"roost uploads", hashlib.sha256).digest()
        for key in settings.auth_signing_keys
    ]
    return Folder(settings.media_dir, settings.public_url, secrets)
