"""Gets the photos of requests: from base64 or by a download, then decoded."""

from face_contract.deadline import Deadline
from face_contract.schemas import ImageType, SentImage
from face_contract.stages import Stage, StageTimes
from face_engine.download.downloader import Downloader
from face_engine.faces import Photo
from face_engine.photo import decode_base64, decode_image
from face_service.admission import Admission, Slot, WorkQueue
from face_service.settings import Settings

# They wait for the network, not for a CPU.
DOWNLOAD_THREADS = 16


class PhotoSource:
    """Downloads and decodes photos, within the limits of the settings.

    Args:
        settings: limits, and hosts to download from.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Slow downloads may take half of the slots, so that photos in bodies can still be served.
        self._downloads = WorkQueue(DOWNLOAD_THREADS, settings.max_waiting // 2)
        self._downloader = Downloader(
            allowed_hosts=frozenset(settings.download_allowed_hosts),
            timeout_s=settings.download_timeout_s,
            max_bytes=settings.max_image_bytes,
        )

    async def download(self, image: SentImage, admission: Admission) -> bytes | None:
        """Downloads the photo of a request with one image; returns None if it is not a URL.

        Raises:
            DownloadFailed: see `Downloader.download`.
            Overloaded: too many downloads wait.
            TimedOut: the request's deadline has passed.
        """
        if image.image_type is not ImageType.URL:
            return None
        # This body held only a URL, so the next one may be read during the download.
        admission.release_body()
        with self.enter_downloads() as slot, admission.stages.measure(Stage.DOWNLOAD):
            return await slot.run(lambda: self.fetch(image.image, admission.deadline))

    def enter_downloads(self) -> Slot:
        """Returns a slot for a request that waits for downloads.

        Raises:
            Overloaded: too many requests wait for downloads.
        """
        return self._downloads.enter()

    def fetch(self, url: str, deadline: Deadline) -> bytes:
        """Downloads a URL; blocks.

        Raises:
            DownloadFailed, TimedOut: see `Downloader.download`.
        """
        return self._downloader.download(url, deadline)

    def decode(
        self, image: SentImage, downloaded: bytes | None, deadline: Deadline, stages: StageTimes
    ) -> Photo:
        """Decodes a photo; blocks.

        Args:
            image: what was sent.
            downloaded: the file, if what was sent is its URL.
            deadline: checked before and after decoding.
            stages: gets the times.

        Raises:
            InvalidImage: see `decode_base64` and `decode_image`.
            PayloadTooLarge: the file is too large.
            TimedOut: the deadline has passed.
        """
        deadline.check()
        data = downloaded
        if data is None:
            with stages.measure(Stage.BASE64):
                data = decode_base64(image.image, self._settings.max_image_bytes)
        with stages.measure(Stage.DECODE):
            photo = decode_image(data, self._settings.max_image_pixels)
        deadline.check()
        return photo
