// Made from openapi.json by `make openapi`; do not edit. sha256:21836aa81644871d12e9990b0060cf418a8d49ff269e01f0caa5c01afe1d3041
export interface paths {
    readonly "/api/v1/health": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Check the service
         * @description Answers 200 if the model is loaded or can be loaded, and 503 if its files are missing or
         *     broken. It never waits in the queue and never needs an API key.
         */
        readonly get: operations["health_api_v1_health_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/model-info": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Describe the model and the limits
         * @description Returns the model's identity, weights and engines, the metrics with their default
         *     thresholds, and the limits in force.
         */
        readonly get: operations["model_info_api_v1_model_info_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/extract-embedding": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Extract a face embedding
         * @description Finds the faces of a photo and embeds the largest.
         *
         *     With `enforce_detection`, a photo must show exactly one face. Without it, the largest of
         *     several faces is embedded, and a photo without a face has `face_count` 0 and the embedding
         *     of the whole photo, or null if the service is set so.
         *
         *     If a JPEG, PNG or WebP is damaged, only faces before the damage count, and `warnings` says
         *     `TRUNCATED_IMAGE`.
         */
        readonly post: operations["extract_embedding_api_v1_extract_embedding_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/extract-embeddings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Extract all faces of several photos
         * @description Embeds every face of up to 16 photos, with landmarks and quality.
         *
         *     There is one result for each photo, in the order sent. A photo that cannot be used has an
         *     `error` in its result and spoils no other. A photo without a face is no error.
         */
        readonly post: operations["extract_embeddings_api_v1_extract_embeddings_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/match-faces": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Find a person in several photos
         * @description Compares a person's embedding with the faces of up to 20 photos, and answers with the
         *     nearest face of each photo.
         *
         *     There is one match for each photo, in the order sent. Without a face, `is_same_person` is
         *     false and the numbers are null. A photo that cannot be used has an `error` in its match and
         *     spoils no other.
         */
        readonly post: operations["match_faces_api_v1_match_faces_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/warm-up": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Load the model
         * @description Loads the model unless it is loaded, so that the first photo need not wait for it.
         */
        readonly post: operations["warm_up_api_v1_warm_up_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/compare-faces": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Compare two face embeddings
         * @description Measures the distance between two embeddings: below the threshold, they show one person.
         *
         *     Send the `model` that came with each embedding, too: embeddings of models that cannot be
         *     compared are then refused with 409. This needs no model and no photo, and is fast.
         */
        readonly post: operations["compare_faces_api_v1_compare_faces_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Two embeddings of the same model. */
        readonly CompareRequest: {
            /** @description 512 finite numbers, not all zero. */
            readonly embedding1: readonly number[];
            /** @description 512 finite numbers, not all zero. */
            readonly embedding2: readonly number[];
            /** @description Smaller distances mean the same person. The default depends on the metric: 0.68 for `cosine`, 4.15 for `euclidean`, 1.13 for `euclidean_l2`. */
            readonly threshold?: number | null;
            /**
             * @description How the distance is measured: `cosine`, `euclidean` or `euclidean_l2`.
             * @default cosine
             */
            readonly distance_metric?: components["schemas"]["DistanceMetric"];
            /** @description The `model` that came with `embedding1`. If both are given, they are checked. */
            readonly model1?: string | null;
            /** @description The `model` that came with `embedding2`. */
            readonly model2?: string | null;
        };
        /** @description Whether two embeddings show the same person, and how far apart they are. */
        readonly CompareResponse: {
            /** @description Whether `distance` is less than `threshold_used`. */
            readonly is_same_person: boolean;
            /** @description Distance by the metric; 0 for equal directions. */
            readonly distance: number;
            /** @description From 0 to 1, for people: 1 - distance for `cosine`, else exp(-distance / threshold_used). */
            readonly similarity: number;
            /** @description How far the distance is from the threshold: min(1, |distance - threshold_used| / threshold_used). */
            readonly confidence: number;
            /** @description The threshold given, or else the metric's default. */
            readonly threshold_used: number;
            /** @description How the distance is measured: `cosine`, `euclidean` or `euclidean_l2`. */
            readonly distance_metric: components["schemas"]["DistanceMetric"];
        };
        /**
         * @description A way to measure the distance between two embeddings.
         * @enum {string}
         */
        readonly DistanceMetric: "cosine" | "euclidean" | "euclidean_l2";
        /**
         * @description How an answer writes embeddings.
         * @enum {string}
         */
        readonly EmbeddingFormat: "float" | "base64";
        /** @description The error's code, message and details. */
        readonly ErrorBody: {
            /** @description What went wrong, for programs. */
            readonly code: components["schemas"]["ErrorCode"];
            /** @description A sentence for people; it never repeats the input. */
            readonly message: string;
            /** @description Facts for programs, by code; or null. */
            readonly details: {
                readonly [key: string]: unknown;
            } | null;
        };
        /**
         * @description Every value of `error.code`.
         * @enum {string}
         */
        readonly ErrorCode: "NO_FACE_DETECTED" | "MULTIPLE_FACES_DETECTED" | "INVALID_IMAGE" | "DOWNLOAD_FAILED" | "INVALID_EMBEDDING" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "MODEL_MISMATCH" | "PAYLOAD_TOO_LARGE" | "VALIDATION_ERROR" | "MODEL_ERROR" | "INTERNAL_ERROR" | "MODEL_UNAVAILABLE" | "OVERLOADED" | "TIMEOUT" | "FORBIDDEN" | "TOO_MANY_REQUESTS" | "BAD_GATEWAY";
        /** @description The body of every error response. */
        readonly ErrorResponse: {
            /** @description The error. */
            readonly error: components["schemas"]["ErrorBody"];
        };
        /** @description Photos, and which of their faces to embed. */
        readonly ExtractManyRequest: {
            /**
             * @description Align faces by their landmarks; false embeds their boxes as is.
             * @default true
             */
            readonly align?: boolean;
            /**
             * @description Most faces of each photo; the largest are kept.
             * @default 100
             */
            readonly max_faces?: number;
            /**
             * @description Leave out faces whose box has a shorter side below this many pixels.
             * @default 0
             */
            readonly min_face_px?: number;
            /**
             * @description Leave out faces whose detector's score is below this.
             * @default 0
             */
            readonly min_confidence?: number;
            /**
             * @description `float`: 512 numbers; `base64`: 2,048 bytes, little-endian float32.
             * @default float
             */
            readonly embedding_format?: components["schemas"]["EmbeddingFormat"];
            /** @description The photos. */
            readonly images: readonly components["schemas"]["SentImage"][];
        };
        /** @description One result for each photo, in the order sent. */
        readonly ExtractManyResponse: {
            /** @description One result for each photo, in the order sent. */
            readonly results: readonly components["schemas"]["PhotoFaces"][];
            /** @description Identity of the configured model, `weights/detector/alignment`. */
            readonly model: string;
            /** @description Time spent on the request in the service, in milliseconds. */
            readonly processing_time_ms: number;
        };
        /** @description A photo and how to treat the faces in it. */
        readonly ExtractRequest: {
            /** @description The image file as base64, with or without a `data:` prefix, or its URL. */
            readonly image: string;
            /**
             * @description What `image` holds: `base64`, the file itself, or `url`, its public address.
             * @default base64
             */
            readonly image_type?: components["schemas"]["ImageType"];
            /**
             * @description Refuse an image that does not show exactly one face.
             * @default true
             */
            readonly enforce_detection?: boolean;
            /**
             * @description Align the face by its landmarks; false embeds the detected box as is.
             * @default true
             */
            readonly align?: boolean;
            /**
             * @description `float`: 512 numbers; `base64`: 2,048 bytes, little-endian float32.
             * @default float
             */
            readonly embedding_format?: components["schemas"]["EmbeddingFormat"];
        };
        /** @description The embedding of the most prominent face. */
        readonly ExtractResponse: {
            /** @description 512 numbers, or their base64 if `embedding_format` is `base64`; null only if no face was found and EMBED_WITHOUT_FACE is false. */
            readonly embedding: readonly number[] | string | null;
            /** @description How many faces were found. */
            readonly face_count: number;
            /** @description The detector's score; 0 without a face. */
            readonly face_confidence: number;
            /** @description The face; the whole image if none was found. */
            readonly facial_area: components["schemas"]["FacialArea"];
            /** @description Time spent on the request in the service, in milliseconds. */
            readonly processing_time_ms: number;
            /** @description Identity of the model behind the embedding, `weights/detector/alignment`. Keep it with the embedding. */
            readonly model: string;
            /**
             * @description `TRUNCATED_IMAGE`: the file is damaged; faces are in the undamaged part.
             * @default []
             */
            readonly warnings: readonly "TRUNCATED_IMAGE"[];
        };
        /** @description How well a photo shows a face. */
        readonly FaceQuality: {
            /** @description Shorter side of the box, in pixels of the photo. */
            readonly face_px: number;
            /** @description Variance of the Laplacian of the face, aligned to 112 x 112 pixels. */
            readonly sharpness: number;
            /** @description Clockwise tilt of the line through the eyes. */
            readonly roll_degrees: number;
            /** @description Turn to the side: positive looks to the right of the image. From the eyes and the nose; null without a nose. */
            readonly yaw_degrees: number | null;
        };
        /** @description A box in pixels of the upright image (EXIF orientation applied); the origin is top left. */
        readonly FacialArea: {
            /** @description Left edge. */
            readonly x: number;
            /** @description Top edge. */
            readonly y: number;
            /** @description Width. */
            readonly w: number;
            /** @description Height. */
            readonly h: number;
        };
        /** @description A face and its embedding. */
        readonly FoundFace: {
            /** @description 512 numbers, or their base64. */
            readonly embedding: readonly number[] | string;
            /** @description The detector's score. */
            readonly face_confidence: number;
            /** @description Box around the face. */
            readonly facial_area: components["schemas"]["FacialArea"];
            /** @description Eyes, nose and corners of the mouth. */
            readonly landmarks: components["schemas"]["Landmarks"];
            /** @description How well the photo shows the face. */
            readonly quality: components["schemas"]["FaceQuality"];
        };
        /** @description The service is ready. */
        readonly HealthResponse: {
            /**
             * @description Always `healthy`: else the answer is an error.
             * @default healthy
             * @constant
             */
            readonly status: "healthy";
            /** @description Name of the configured model. */
            readonly model: string;
            /**
             * @description Numbers in an embedding.
             * @default 512
             */
            readonly embedding_dimensions: number;
            /** @description False until the first use has loaded the model. */
            readonly model_loaded: boolean;
            /**
             * @description Version of this service.
             * @default 1.0.0
             */
            readonly version: string;
        };
        /**
         * @description What `image` holds.
         * @enum {string}
         */
        readonly ImageType: "base64" | "url";
        /** @description A library that runs a network. */
        readonly InferenceEngine: {
            /** @description Name of its package. */
            readonly name: string;
            /** @description Its version. */
            readonly version: string;
        };
        /** @description Size of the embedding network's input, in pixels. */
        readonly InputSize: {
            /** @description Width, in pixels. */
            readonly width: number;
            /** @description Height, in pixels. */
            readonly height: number;
        };
        /** @description Five points of a face; right and left are the person's. Null if the detector gives none. */
        readonly Landmarks: {
            /** @description Centre of the person's right eye. */
            readonly right_eye: components["schemas"]["Point"] | null;
            /** @description Centre of the person's left eye. */
            readonly left_eye: components["schemas"]["Point"] | null;
            /** @description Tip of the nose. */
            readonly nose: components["schemas"]["Point"] | null;
            /** @description Right corner of the mouth. */
            readonly mouth_right: components["schemas"]["Point"] | null;
            /** @description Left corner of the mouth. */
            readonly mouth_left: components["schemas"]["Point"] | null;
        };
        /** @description The largest input that this deployment accepts. */
        readonly Limits: {
            /** @description Bytes of a request body. */
            readonly max_body_bytes: number;
            /** @description Bytes of an image file, sent or downloaded. */
            readonly max_image_bytes: number;
            /** @description Bytes of an image file that fits into a body as base64. */
            readonly max_base64_image_bytes: number;
            /** @description Bytes of an answer; photos whose faces do not fit any more get an error. */
            readonly max_answer_bytes: number;
            /** @description Pixels of an image. */
            readonly max_image_pixels: number;
            /** @description Pixels of a WebP. */
            readonly max_webp_pixels: number;
        };
        /** @description The face of a photo that is nearest to the person; nulls without one. */
        readonly Match: {
            /**
             * @description Whether `distance` is less than `threshold_used`; false without a face.
             * @default false
             */
            readonly is_same_person: boolean;
            /** @description Distance from the person to the nearest face; null without a face. */
            readonly distance: number | null;
            /** @description From 0 to 1, for people: 1 - distance for `cosine`, else exp(-distance / threshold_used). */
            readonly similarity: number | null;
            /** @description How far the distance is from the threshold: min(1, |distance - threshold_used| / threshold_used). */
            readonly confidence: number | null;
            /** @description Box around the nearest face; null without a face. */
            readonly facial_area: components["schemas"]["FacialArea"] | null;
            /** @description The detector's score of the nearest face; null without a face. */
            readonly face_confidence: number | null;
            /**
             * @description How many faces were found, those left out included.
             * @default 0
             */
            readonly face_count: number;
            /** @description Identity of the model behind the result; null with an error. */
            readonly model: string | null;
            /**
             * @description `TRUNCATED_IMAGE`: the file is damaged; faces are in the undamaged part.
             * @default []
             */
            readonly warnings: readonly "TRUNCATED_IMAGE"[];
            /** @description Why this photo has no result; null if it has one. */
            readonly error: components["schemas"]["ErrorBody"] | null;
        };
        /** @description A person's embedding, and the photos in which to look for the person. */
        readonly MatchRequest: {
            /** @description 512 numbers, or the base64 of 2,048 bytes, little-endian float32. */
            readonly embedding: readonly number[] | string;
            /** @description The photos to search. */
            readonly images: readonly components["schemas"]["SentImage"][];
            /** @description Smaller distances mean the same person. The default depends on the metric: 0.68 for `cosine`, 4.15 for `euclidean`, 1.13 for `euclidean_l2`. */
            readonly threshold?: number | null;
            /**
             * @description How the distance is measured: `cosine`, `euclidean` or `euclidean_l2`.
             * @default cosine
             */
            readonly distance_metric?: components["schemas"]["DistanceMetric"];
            /**
             * @description Align faces by their landmarks; false embeds their boxes as is.
             * @default true
             */
            readonly align?: boolean;
            /**
             * @description Leave out faces whose box has a shorter side below this many pixels.
             * @default 0
             */
            readonly min_face_px?: number;
            /** @description The `model` that came with `embedding`; checked if given. */
            readonly model?: string | null;
        };
        /** @description One match for each photo, in the order sent. */
        readonly MatchResponse: {
            /** @description One match for each photo, in the order sent. */
            readonly matches: readonly components["schemas"]["Match"][];
            /** @description The threshold given, or else the metric's default. */
            readonly threshold_used: number;
            /** @description How the distance is measured: `cosine`, `euclidean` or `euclidean_l2`. */
            readonly distance_metric: components["schemas"]["DistanceMetric"];
            /** @description Identity of the configured model, `weights/detector/alignment`. */
            readonly model: string;
            /** @description Time spent on the request in the service, in milliseconds. */
            readonly processing_time_ms: number;
        };
        /** @description The model that makes the embeddings, and the limits in force. */
        readonly ModelInfoResponse: {
            /** @description Name of the configured model. */
            readonly model: string;
            /** @description The `model` of an extraction with an aligned face. */
            readonly model_identity: string;
            /**
             * @description Numbers in an embedding.
             * @default 512
             */
            readonly embedding_dimensions: number;
            /** @description Network that finds the faces. */
            readonly detector: string;
            /** @description How faces are turned and cut before they are embedded. */
            readonly alignment: string;
            /** @description Size of the embedding network's input. */
            readonly input_size: components["schemas"]["InputSize"];
            /** @description Each metric's default threshold. */
            readonly distance_metrics: {
                readonly [key: string]: number;
            };
            /** @description Files of the model's weights. */
            readonly weights: readonly components["schemas"]["WeightsFile"][];
            /** @description Libraries that run the networks. */
            readonly inference_engines: readonly components["schemas"]["InferenceEngine"][];
            /** @description What this deployment accepts at most. */
            readonly limits: components["schemas"]["Limits"];
            /** @description False until the first use has loaded the model. */
            readonly model_loaded: boolean;
            /** @description What RetinaFace sees around each proposed face, in pixels of its scale; null if it sees whole photos, is not used or is not loaded. */
            readonly retinaface_margin_px: number | null;
        };
        /** @description The faces of a photo, the largest first; or why there are none. */
        readonly PhotoFaces: {
            /** @description Width of the upright image, in pixels; null with an error. */
            readonly width: number | null;
            /** @description Height of the upright image, in pixels; null with an error. */
            readonly height: number | null;
            /**
             * @description How many faces were found, those left out included.
             * @default 0
             */
            readonly face_count: number;
            /**
             * @description The faces, the largest first, without those left out.
             * @default []
             */
            readonly faces: readonly components["schemas"]["FoundFace"][];
            /** @description Identity of the model behind the result; null with an error. */
            readonly model: string | null;
            /**
             * @description `TRUNCATED_IMAGE`: the file is damaged; faces are in the undamaged part.
             * @default []
             */
            readonly warnings: readonly "TRUNCATED_IMAGE"[];
            /** @description Why this photo has no result; null if it has one. */
            readonly error: components["schemas"]["ErrorBody"] | null;
        };
        /** @description A point in pixels of the upright image; it may lie outside if the border cuts a face. */
        readonly Point: {
            /** @description From the left edge. */
            readonly x: number;
            /** @description From the top edge. */
            readonly y: number;
        };
        /** @description A photo, or where it is. */
        readonly SentImage: {
            /** @description The image file as base64, with or without a `data:` prefix, or its URL. */
            readonly image: string;
            /**
             * @description What `image` holds: `base64`, the file itself, or `url`, its public address.
             * @default base64
             */
            readonly image_type?: components["schemas"]["ImageType"];
        };
        /** @description The model is loaded. */
        readonly WarmUpResponse: {
            /**
             * @description Whether this request loaded the model.
             * @enum {string}
             */
            readonly status: "loaded" | "already_loaded";
            /** @description Name of the configured model. */
            readonly model: string;
            /** @description How long the load took, in seconds, whenever it was. */
            readonly load_time_seconds: number;
        };
        /** @description A weights file of the model, as it was published. */
        readonly WeightsFile: {
            /** @description Name of the file. */
            readonly file: string;
            /** @description SHA-256 of the published file. */
            readonly sha256: string;
            /** @description SHA-256 of the converted file once it is loaded; null before. */
            readonly baked_sha256: string | null;
        };
    };
    responses: {
        /** @description - `FORBIDDEN`: Access to this API is denied. */
        readonly FORBIDDEN: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `NOT_FOUND`: There is nothing at this path. */
        readonly NOT_FOUND: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `METHOD_NOT_ALLOWED`: This path does not support this method. */
        readonly METHOD_NOT_ALLOWED: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `TOO_MANY_REQUESTS`: Too many requests: slow down. */
        readonly TOO_MANY_REQUESTS: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `INTERNAL_ERROR`: The service failed. The error was logged; trying again may help. */
        readonly INTERNAL_ERROR: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `BAD_GATEWAY`: The function behind the API failed. */
        readonly BAD_GATEWAY: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `TIMEOUT`: The answer took too long. */
        readonly TIMEOUT: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `PAYLOAD_TOO_LARGE`: The request is too large: send a smaller image, or its URL. */
        readonly PAYLOAD_TOO_LARGE: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `VALIDATION_ERROR`: The request does not fit its schema. */
        readonly VALIDATION_ERROR: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /**
         * @description - `MODEL_UNAVAILABLE`: The model's weights are missing or broken. Run `make weights` to fetch them.
         *     - `OVERLOADED`: Too many requests are waiting: try again in a moment.
         */
        readonly MODEL_UNAVAILABLE_OVERLOADED: {
            headers: {
                /** @description Seconds to wait before the next try. */
                readonly "Retry-After"?: number;
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `INVALID_EMBEDDING`: An embedding must be 512 finite numbers that are not all zero. */
        readonly INVALID_EMBEDDING: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `MODEL_MISMATCH`: The embeddings were made by different models, so they cannot be compared. */
        readonly MODEL_MISMATCH: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["ErrorResponse"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly health_api_v1_health_get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The service is ready. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["HealthResponse"];
                };
            };
            readonly 403: components["responses"]["FORBIDDEN"];
            readonly 404: components["responses"]["NOT_FOUND"];
            readonly 405: components["responses"]["METHOD_NOT_ALLOWED"];
            readonly 429: components["responses"]["TOO_MANY_REQUESTS"];
            readonly 500: components["responses"]["INTERNAL_ERROR"];
            readonly 502: components["responses"]["BAD_GATEWAY"];
            /** @description - `MODEL_UNAVAILABLE`: The model's weights are missing or broken. Run `make weights` to fetch them. */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            readonly 504: components["responses"]["TIMEOUT"];
        };
    };
    readonly model_info_api_v1_model_info_get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The model that makes the embeddings, and the limits in force. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ModelInfoResponse"];
                };
            };
            readonly 403: components["responses"]["FORBIDDEN"];
            readonly 404: components["responses"]["NOT_FOUND"];
            readonly 405: components["responses"]["METHOD_NOT_ALLOWED"];
            readonly 429: components["responses"]["TOO_MANY_REQUESTS"];
            readonly 500: components["responses"]["INTERNAL_ERROR"];
            readonly 502: components["responses"]["BAD_GATEWAY"];
            readonly 504: components["responses"]["TIMEOUT"];
        };
    };
    readonly extract_embedding_api_v1_extract_embedding_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["ExtractRequest"];
            };
        };
        readonly responses: {
            /** @description The embedding of the most prominent face. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ExtractResponse"];
                };
            };
            /**
             * @description - `NO_FACE_DETECTED`: No face was detected in the image.
             *     - `MULTIPLE_FACES_DETECTED`: More than one face was detected in the image.
             *     - `INVALID_IMAGE`: The data is not an image that can be decoded.
             *     - `DOWNLOAD_FAILED`: The image could not be downloaded.
             */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            readonly 403: components["responses"]["FORBIDDEN"];
            readonly 404: components["responses"]["NOT_FOUND"];
            readonly 405: components["responses"]["METHOD_NOT_ALLOWED"];
            readonly 413: components["responses"]["PAYLOAD_TOO_LARGE"];
            readonly 422: components["responses"]["VALIDATION_ERROR"];
            readonly 429: components["responses"]["TOO_MANY_REQUESTS"];
            /**
             * @description - `MODEL_ERROR`: The model did not produce a valid embedding.
             *     - `INTERNAL_ERROR`: The service failed. The error was logged; trying again may help.
             */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            readonly 502: components["responses"]["BAD_GATEWAY"];
            readonly 503: components["responses"]["MODEL_UNAVAILABLE_OVERLOADED"];
            readonly 504: components["responses"]["TIMEOUT"];
        };
    };
    readonly extract_embeddings_api_v1_extract_embeddings_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["ExtractManyRequest"];
            };
        };
        readonly responses: {
            /** @description One result for each photo, in the order sent. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ExtractManyResponse"];
                };
            };
            readonly 403: components["responses"]["FORBIDDEN"];
            readonly 404: components["responses"]["NOT_FOUND"];
            readonly 405: components["responses"]["METHOD_NOT_ALLOWED"];
            readonly 413: components["responses"]["PAYLOAD_TOO_LARGE"];
            readonly 422: components["responses"]["VALIDATION_ERROR"];
            readonly 429: components["responses"]["TOO_MANY_REQUESTS"];
            readonly 500: components["responses"]["INTERNAL_ERROR"];
            readonly 502: components["responses"]["BAD_GATEWAY"];
            readonly 503: components["responses"]["MODEL_UNAVAILABLE_OVERLOADED"];
            readonly 504: components["responses"]["TIMEOUT"];
        };
    };
    readonly match_faces_api_v1_match_faces_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["MatchRequest"];
            };
        };
        readonly responses: {
            /** @description One match for each photo, in the order sent. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["MatchResponse"];
                };
            };
            readonly 400: components["responses"]["INVALID_EMBEDDING"];
            readonly 403: components["responses"]["FORBIDDEN"];
            readonly 404: components["responses"]["NOT_FOUND"];
            readonly 405: components["responses"]["METHOD_NOT_ALLOWED"];
            readonly 409: components["responses"]["MODEL_MISMATCH"];
            readonly 413: components["responses"]["PAYLOAD_TOO_LARGE"];
            readonly 422: components["responses"]["VALIDATION_ERROR"];
            readonly 429: components["responses"]["TOO_MANY_REQUESTS"];
            readonly 500: components["responses"]["INTERNAL_ERROR"];
            readonly 502: components["responses"]["BAD_GATEWAY"];
            readonly 503: components["responses"]["MODEL_UNAVAILABLE_OVERLOADED"];
            readonly 504: components["responses"]["TIMEOUT"];
        };
    };
    readonly warm_up_api_v1_warm_up_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The model is loaded. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WarmUpResponse"];
                };
            };
            readonly 403: components["responses"]["FORBIDDEN"];
            readonly 404: components["responses"]["NOT_FOUND"];
            readonly 405: components["responses"]["METHOD_NOT_ALLOWED"];
            readonly 429: components["responses"]["TOO_MANY_REQUESTS"];
            readonly 500: components["responses"]["INTERNAL_ERROR"];
            readonly 502: components["responses"]["BAD_GATEWAY"];
            readonly 503: components["responses"]["MODEL_UNAVAILABLE_OVERLOADED"];
            readonly 504: components["responses"]["TIMEOUT"];
        };
    };
    readonly compare_faces_api_v1_compare_faces_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["CompareRequest"];
            };
        };
        readonly responses: {
            /** @description Whether two embeddings show the same person, and how far apart they are. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["CompareResponse"];
                };
            };
            readonly 400: components["responses"]["INVALID_EMBEDDING"];
            readonly 403: components["responses"]["FORBIDDEN"];
            readonly 404: components["responses"]["NOT_FOUND"];
            readonly 405: components["responses"]["METHOD_NOT_ALLOWED"];
            readonly 409: components["responses"]["MODEL_MISMATCH"];
            readonly 413: components["responses"]["PAYLOAD_TOO_LARGE"];
            readonly 422: components["responses"]["VALIDATION_ERROR"];
            readonly 429: components["responses"]["TOO_MANY_REQUESTS"];
            readonly 500: components["responses"]["INTERNAL_ERROR"];
            readonly 502: components["responses"]["BAD_GATEWAY"];
            /** @description - `OVERLOADED`: Too many requests are waiting: try again in a moment. */
            readonly 503: {
                headers: {
                    /** @description Seconds to wait before the next try. */
                    readonly "Retry-After"?: number;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            readonly 504: components["responses"]["TIMEOUT"];
        };
    };
}
