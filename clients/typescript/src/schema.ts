// Made from openapi.json by `make openapi`; do not edit. sha256:8aaa58b1a5af62dcde4f8079994e509f9ffb461730ec02d8ddb63f108455465b
export interface paths {
    "/api/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Check the service
         * @description Answers 200 if the model is loaded or can be loaded, and 503 if its files are missing or
         *     broken. It never waits in the queue and never needs an API key.
         */
        get: operations["health_api_v1_health_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/model-info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Describe the model and the limits
         * @description Returns the model's identity, weights and engines, the metrics with their default
         *     thresholds, and the limits in force.
         */
        get: operations["model_info_api_v1_model_info_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/extract-embedding": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
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
        post: operations["extract_embedding_api_v1_extract_embedding_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/extract-embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Extract all faces of several photos
         * @description Embeds every face of up to 16 photos, with landmarks and quality.
         *
         *     There is one result for each photo, in the order sent. A photo that cannot be used has an
         *     `error` in its result and spoils no other. A photo without a face is no error.
         */
        post: operations["extract_embeddings_api_v1_extract_embeddings_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/match-faces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Find a person in several photos
         * @description Compares a person's embedding with the faces of up to 20 photos, and answers with the
         *     nearest face of each photo. The embedding in the example is nobody's.
         *
         *     There is one match for each photo, in the order sent. Without a face, `is_same_person` is
         *     false and the numbers are null. A photo that cannot be used has an `error` in its match and
         *     spoils no other.
         */
        post: operations["match_faces_api_v1_match_faces_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/warm-up": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Load the model
         * @description Loads the model unless it is loaded, so that the first photo need not wait for it.
         */
        post: operations["warm_up_api_v1_warm_up_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/compare-faces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Compare two face embeddings
         * @description Measures the distance between two embeddings: below the threshold, they show one person.
         *
         *     Send the `model` that came with each embedding, too: embeddings of models that cannot be
         *     compared are then refused with 409. This needs no model and no photo, and is fast.
         */
        post: operations["compare_faces_api_v1_compare_faces_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Two embeddings of the same model. */
        CompareRequest: {
            /** @description 512 finite numbers, not all zero. */
            embedding1: number[];
            /** @description 512 finite numbers, not all zero. */
            embedding2: number[];
            /** @description Smaller distances mean the same person. The default depends on the metric: 0.68 for `cosine`, 4.15 for `euclidean`, 1.13 for `euclidean_l2`. */
            threshold?: number | null;
            /**
             * @description How the distance is measured: `cosine`, `euclidean` or `euclidean_l2`.
             * @default cosine
             */
            distance_metric?: components["schemas"]["DistanceMetric"];
            /** @description The `model` that came with `embedding1`. If both are given, they are checked. */
            model1?: string | null;
            /** @description The `model` that came with `embedding2`. */
            model2?: string | null;
        };
        /** @description Whether two embeddings show the same person, and how far apart they are. */
        CompareResponse: {
            /** @description Whether `distance` is less than `threshold_used`. */
            is_same_person: boolean;
            /** @description Distance by the metric; 0 for equal directions. */
            distance: number;
            /** @description From 0 to 1, for people: 1 - distance for `cosine`, else exp(-distance / threshold_used). */
            similarity: number;
            /** @description How far the distance is from the threshold: min(1, |distance - threshold_used| / threshold_used). */
            confidence: number;
            /** @description The threshold given, or else the metric's default. */
            threshold_used: number;
            /** @description How the distance is measured: `cosine`, `euclidean` or `euclidean_l2`. */
            distance_metric: components["schemas"]["DistanceMetric"];
        };
        /**
         * @description A way to measure the distance between two embeddings.
         * @enum {string}
         */
        DistanceMetric: "cosine" | "euclidean" | "euclidean_l2";
        /**
         * @description How an answer writes embeddings.
         * @enum {string}
         */
        EmbeddingFormat: "float" | "base64";
        /** @description The error's code, message and details. */
        ErrorBody: {
            /** @description What went wrong, for programs. */
            code: components["schemas"]["ErrorCode"];
            /** @description A sentence for people; it never repeats the input. */
            message: string;
            /** @description Facts for programs, by code; or null. */
            details: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * @description Every value of `error.code`.
         * @enum {string}
         */
        ErrorCode: "NO_FACE_DETECTED" | "MULTIPLE_FACES_DETECTED" | "INVALID_IMAGE" | "DOWNLOAD_FAILED" | "INVALID_EMBEDDING" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "MODEL_MISMATCH" | "PAYLOAD_TOO_LARGE" | "VALIDATION_ERROR" | "MODEL_ERROR" | "INTERNAL_ERROR" | "MODEL_UNAVAILABLE" | "OVERLOADED" | "TIMEOUT" | "FORBIDDEN" | "TOO_MANY_REQUESTS" | "BAD_GATEWAY";
        /** @description The body of every error response. */
        ErrorResponse: {
            /** @description The error. */
            error: components["schemas"]["ErrorBody"];
        };
        /** @description Photos, and which of their faces to embed. */
        ExtractManyRequest: {
            /**
             * @description Align faces by their landmarks; false embeds their boxes as is.
             * @default true
             */
            align?: boolean;
            /**
             * @description Most faces of each photo; the largest are kept.
             * @default 100
             */
            max_faces?: number;
            /**
             * @description Leave out faces whose box has a shorter side below this many pixels.
             * @default 0
             */
            min_face_px?: number;
            /**
             * @description Leave out faces whose detector's score is below this.
             * @default 0
             */
            min_confidence?: number;
            /**
             * @description `float`: 512 numbers; `base64`: 2,048 bytes, little-endian float32.
             * @default float
             */
            embedding_format?: components["schemas"]["EmbeddingFormat"];
            /** @description The photos. */
            images: components["schemas"]["SentImage"][];
        };
        /** @description One result for each photo, in the order sent. */
        ExtractManyResponse: {
            /** @description One result for each photo, in the order sent. */
            results: components["schemas"]["PhotoFaces"][];
            /** @description Identity of the configured model, `weights/detector/alignment`. */
            model: string;
            /** @description Time spent on the request in the service, in milliseconds. */
            processing_time_ms: number;
        };
        /** @description A photo and how to treat the faces in it. */
        ExtractRequest: {
            /** @description The image file as base64, with or without a `data:` prefix, or its URL. */
            image: string;
            /**
             * @description What `image` holds: `base64`, the file itself, or `url`, its public address.
             * @default base64
             */
            image_type?: components["schemas"]["ImageType"];
            /**
             * @description Refuse an image that does not show exactly one face.
             * @default true
             */
            enforce_detection?: boolean;
            /**
             * @description Align the face by its landmarks; false embeds the detected box as is.
             * @default true
             */
            align?: boolean;
            /**
             * @description `float`: 512 numbers; `base64`: 2,048 bytes, little-endian float32.
             * @default float
             */
            embedding_format?: components["schemas"]["EmbeddingFormat"];
        };
        /** @description The embedding of the most prominent face. */
        ExtractResponse: {
            /** @description 512 numbers, or their base64 if `embedding_format` is `base64`; null only if no face was found and EMBED_WITHOUT_FACE is false. */
            embedding: number[] | string | null;
            /** @description How many faces were found. */
            face_count: number;
            /** @description The detector's score; 0 without a face. */
            face_confidence: number;
            /** @description The face; the whole image if none was found. */
            facial_area: components["schemas"]["FacialArea"];
            /** @description Time spent on the request in the service, in milliseconds. */
            processing_time_ms: number;
            /** @description Identity of the model behind the embedding, `weights/detector/alignment`. Keep it with the embedding. */
            model: string;
            /**
             * @description `TRUNCATED_IMAGE`: the file is damaged; faces are in the undamaged part.
             * @default []
             */
            warnings: "TRUNCATED_IMAGE"[];
        };
        /** @description How well a photo shows a face. */
        FaceQuality: {
            /** @description Shorter side of the box, in pixels of the photo. */
            face_px: number;
            /** @description Variance of the Laplacian of the face, aligned to 112 x 112 pixels. */
            sharpness: number;
            /** @description Clockwise tilt of the line through the eyes. */
            roll_degrees: number;
            /** @description Turn to the side: positive looks to the right of the image. From the eyes and the nose; null without a nose. */
            yaw_degrees: number | null;
        };
        /** @description A box in pixels of the upright image (EXIF orientation applied); the origin is top left. */
        FacialArea: {
            /** @description Left edge. */
            x: number;
            /** @description Top edge. */
            y: number;
            /** @description Width. */
            w: number;
            /** @description Height. */
            h: number;
        };
        /** @description A face and its embedding. */
        FoundFace: {
            /** @description 512 numbers, or their base64. */
            embedding: number[] | string;
            /** @description The detector's score. */
            face_confidence: number;
            /** @description Box around the face. */
            facial_area: components["schemas"]["FacialArea"];
            /** @description Eyes, nose and corners of the mouth. */
            landmarks: components["schemas"]["Landmarks"];
            /** @description How well the photo shows the face. */
            quality: components["schemas"]["FaceQuality"];
        };
        /** @description The service is ready. */
        HealthResponse: {
            /**
             * @description Always `healthy`: else the answer is an error.
             * @default healthy
             * @constant
             */
            status: "healthy";
            /** @description Name of the configured model. */
            model: string;
            /**
             * @description Numbers in an embedding.
             * @default 512
             */
            embedding_dimensions: number;
            /** @description False until the first use has loaded the model. */
            model_loaded: boolean;
            /**
             * @description Version of this service.
             * @default 1.0.0
             */
            version: string;
        };
        /**
         * @description What `image` holds.
         * @enum {string}
         */
        ImageType: "base64" | "url";
        /** @description A library that runs a network. */
        InferenceEngine: {
            /** @description Name of its package. */
            name: string;
            /** @description Its version. */
            version: string;
        };
        /** @description Size of the embedding network's input, in pixels. */
        InputSize: {
            /** @description Width, in pixels. */
            width: number;
            /** @description Height, in pixels. */
            height: number;
        };
        /** @description Five points of a face; right and left are the person's. Null if the detector gives none. */
        Landmarks: {
            /** @description Centre of the person's right eye. */
            right_eye: components["schemas"]["Point"] | null;
            /** @description Centre of the person's left eye. */
            left_eye: components["schemas"]["Point"] | null;
            /** @description Tip of the nose. */
            nose: components["schemas"]["Point"] | null;
            /** @description Right corner of the mouth. */
            mouth_right: components["schemas"]["Point"] | null;
            /** @description Left corner of the mouth. */
            mouth_left: components["schemas"]["Point"] | null;
        };
        /** @description The largest input that this deployment accepts. */
        Limits: {
            /** @description Bytes of a request body. */
            max_body_bytes: number;
            /** @description Bytes of an image file, sent or downloaded. */
            max_image_bytes: number;
            /** @description Bytes of an image file that fits into a body as base64. */
            max_base64_image_bytes: number;
            /** @description Bytes of an answer; photos whose faces do not fit any more get an error. */
            max_answer_bytes: number;
            /** @description Pixels of an image. */
            max_image_pixels: number;
            /** @description Pixels of a WebP. */
            max_webp_pixels: number;
        };
        /** @description The face of a photo that is nearest to the person; nulls without one. */
        Match: {
            /**
             * @description Whether `distance` is less than `threshold_used`; false without a face.
             * @default false
             */
            is_same_person: boolean;
            /** @description Distance from the person to the nearest face; null without a face. */
            distance: number | null;
            /** @description From 0 to 1, for people: 1 - distance for `cosine`, else exp(-distance / threshold_used). */
            similarity: number | null;
            /** @description How far the distance is from the threshold: min(1, |distance - threshold_used| / threshold_used). */
            confidence: number | null;
            /** @description Box around the nearest face; null without a face. */
            facial_area: components["schemas"]["FacialArea"] | null;
            /** @description The detector's score of the nearest face; null without a face. */
            face_confidence: number | null;
            /**
             * @description How many faces were found, those left out included.
             * @default 0
             */
            face_count: number;
            /** @description Identity of the model behind the result; null with an error. */
            model: string | null;
            /**
             * @description `TRUNCATED_IMAGE`: the file is damaged; faces are in the undamaged part.
             * @default []
             */
            warnings: "TRUNCATED_IMAGE"[];
            /** @description Why this photo has no result; null if it has one. */
            error: components["schemas"]["ErrorBody"] | null;
        };
        /** @description A person's embedding, and the photos in which to look for the person. */
        MatchRequest: {
            /** @description 512 numbers, or the base64 of 2,048 bytes, little-endian float32. */
            embedding: number[] | string;
            /** @description The photos to search. */
            images: components["schemas"]["SentImage"][];
            /** @description Smaller distances mean the same person. The default depends on the metric: 0.68 for `cosine`, 4.15 for `euclidean`, 1.13 for `euclidean_l2`. */
            threshold?: number | null;
            /**
             * @description How the distance is measured: `cosine`, `euclidean` or `euclidean_l2`.
             * @default cosine
             */
            distance_metric?: components["schemas"]["DistanceMetric"];
            /**
             * @description Align faces by their landmarks; false embeds their boxes as is.
             * @default true
             */
            align?: boolean;
            /**
             * @description Leave out faces whose box has a shorter side below this many pixels.
             * @default 0
             */
            min_face_px?: number;
            /** @description The `model` that came with `embedding`; checked if given. */
            model?: string | null;
        };
        /** @description One match for each photo, in the order sent. */
        MatchResponse: {
            /** @description One match for each photo, in the order sent. */
            matches: components["schemas"]["Match"][];
            /** @description The threshold given, or else the metric's default. */
            threshold_used: number;
            /** @description How the distance is measured: `cosine`, `euclidean` or `euclidean_l2`. */
            distance_metric: components["schemas"]["DistanceMetric"];
            /** @description Identity of the configured model, `weights/detector/alignment`. */
            model: string;
            /** @description Time spent on the request in the service, in milliseconds. */
            processing_time_ms: number;
        };
        /** @description The model that makes the embeddings, and the limits in force. */
        ModelInfoResponse: {
            /** @description Name of the configured model. */
            model: string;
            /** @description The `model` of an extraction with an aligned face. */
            model_identity: string;
            /**
             * @description Numbers in an embedding.
             * @default 512
             */
            embedding_dimensions: number;
            /** @description Network that finds the faces. */
            detector: string;
            /** @description How faces are turned and cut before they are embedded. */
            alignment: string;
            /** @description Size of the embedding network's input. */
            input_size: components["schemas"]["InputSize"];
            /** @description Each metric's default threshold. */
            distance_metrics: {
                [key: string]: number;
            };
            /** @description Files of the model's weights. */
            weights: components["schemas"]["WeightsFile"][];
            /** @description Libraries that run the networks. */
            inference_engines: components["schemas"]["InferenceEngine"][];
            /** @description What this deployment accepts at most. */
            limits: components["schemas"]["Limits"];
            /** @description False until the first use has loaded the model. */
            model_loaded: boolean;
            /** @description What RetinaFace sees around the middle of each proposed face, in pixels of its scale; null if it sees whole photos, is not used or is not loaded. */
            retinaface_margin_px: number | null;
        };
        /** @description The faces of a photo, the largest first; or why there are none. */
        PhotoFaces: {
            /** @description Width of the upright image, in pixels; null with an error. */
            width: number | null;
            /** @description Height of the upright image, in pixels; null with an error. */
            height: number | null;
            /**
             * @description How many faces were found, those left out included.
             * @default 0
             */
            face_count: number;
            /**
             * @description The faces, the largest first, without those left out.
             * @default []
             */
            faces: components["schemas"]["FoundFace"][];
            /** @description Identity of the model behind the result; null with an error. */
            model: string | null;
            /**
             * @description `TRUNCATED_IMAGE`: the file is damaged; faces are in the undamaged part.
             * @default []
             */
            warnings: "TRUNCATED_IMAGE"[];
            /** @description Why this photo has no result; null if it has one. */
            error: components["schemas"]["ErrorBody"] | null;
        };
        /** @description A point in pixels of the upright image; it may lie outside if the border cuts a face. */
        Point: {
            /** @description From the left edge. */
            x: number;
            /** @description From the top edge. */
            y: number;
        };
        /** @description A photo, or where it is. */
        SentImage: {
            /** @description The image file as base64, with or without a `data:` prefix, or its URL. */
            image: string;
            /**
             * @description What `image` holds: `base64`, the file itself, or `url`, its public address.
             * @default base64
             */
            image_type?: components["schemas"]["ImageType"];
        };
        /** @description The model is loaded. */
        WarmUpResponse: {
            /**
             * @description Whether this request loaded the model.
             * @enum {string}
             */
            status: "loaded" | "already_loaded";
            /** @description Name of the configured model. */
            model: string;
            /** @description How long the load took, in seconds, whenever it was. */
            load_time_seconds: number;
        };
        /** @description A weights file of the model, as it was published. */
        WeightsFile: {
            /** @description Name of the file. */
            file: string;
            /** @description SHA-256 of the published file. */
            sha256: string;
            /** @description SHA-256 of the converted file once it is loaded; null before. */
            baked_sha256: string | null;
        };
    };
    responses: {
        /** @description - `FORBIDDEN`: Access to this API is denied. */
        FORBIDDEN: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `NOT_FOUND`: There is nothing at this path. */
        NOT_FOUND: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `METHOD_NOT_ALLOWED`: This path does not support this method. */
        METHOD_NOT_ALLOWED: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `TOO_MANY_REQUESTS`: Too many requests: slow down. */
        TOO_MANY_REQUESTS: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `INTERNAL_ERROR`: The service failed. The error was logged; trying again may help. */
        INTERNAL_ERROR: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `BAD_GATEWAY`: The service behind the API failed. */
        BAD_GATEWAY: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `TIMEOUT`: The answer took too long. */
        TIMEOUT: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `PAYLOAD_TOO_LARGE`: The request is too large: send a smaller image, or its URL. */
        PAYLOAD_TOO_LARGE: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `VALIDATION_ERROR`: The request does not fit its schema. */
        VALIDATION_ERROR: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /**
         * @description - `MODEL_UNAVAILABLE`: The model's weights are missing or broken. Run `make weights` to fetch them.
         *     - `OVERLOADED`: Too many requests are waiting: try again in a moment.
         */
        MODEL_UNAVAILABLE_OVERLOADED: {
            headers: {
                /** @description Seconds to wait before the next try. */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `INVALID_EMBEDDING`: An embedding must be 512 finite numbers that are not all zero. */
        INVALID_EMBEDDING: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
            };
        };
        /** @description - `MODEL_MISMATCH`: The embeddings were made by different models, so they cannot be compared. */
        MODEL_MISMATCH: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ErrorResponse"];
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
    health_api_v1_health_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The service is ready. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthResponse"];
                };
            };
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            405: components["responses"]["METHOD_NOT_ALLOWED"];
            429: components["responses"]["TOO_MANY_REQUESTS"];
            500: components["responses"]["INTERNAL_ERROR"];
            502: components["responses"]["BAD_GATEWAY"];
            /** @description - `MODEL_UNAVAILABLE`: The model's weights are missing or broken. Run `make weights` to fetch them. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            504: components["responses"]["TIMEOUT"];
        };
    };
    model_info_api_v1_model_info_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model that makes the embeddings, and the limits in force. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelInfoResponse"];
                };
            };
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            405: components["responses"]["METHOD_NOT_ALLOWED"];
            429: components["responses"]["TOO_MANY_REQUESTS"];
            500: components["responses"]["INTERNAL_ERROR"];
            502: components["responses"]["BAD_GATEWAY"];
            504: components["responses"]["TIMEOUT"];
        };
    };
    extract_embedding_api_v1_extract_embedding_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExtractRequest"];
            };
        };
        responses: {
            /** @description The embedding of the most prominent face. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExtractResponse"];
                };
            };
            /**
             * @description - `NO_FACE_DETECTED`: No face was detected in the image.
             *     - `MULTIPLE_FACES_DETECTED`: More than one face was detected in the image.
             *     - `INVALID_IMAGE`: The data is not an image that can be decoded.
             *     - `DOWNLOAD_FAILED`: The image could not be downloaded.
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            405: components["responses"]["METHOD_NOT_ALLOWED"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            422: components["responses"]["VALIDATION_ERROR"];
            429: components["responses"]["TOO_MANY_REQUESTS"];
            /**
             * @description - `MODEL_ERROR`: The model did not produce a valid embedding.
             *     - `INTERNAL_ERROR`: The service failed. The error was logged; trying again may help.
             */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            502: components["responses"]["BAD_GATEWAY"];
            503: components["responses"]["MODEL_UNAVAILABLE_OVERLOADED"];
            504: components["responses"]["TIMEOUT"];
        };
    };
    extract_embeddings_api_v1_extract_embeddings_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExtractManyRequest"];
            };
        };
        responses: {
            /** @description One result for each photo, in the order sent. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExtractManyResponse"];
                };
            };
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            405: components["responses"]["METHOD_NOT_ALLOWED"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            422: components["responses"]["VALIDATION_ERROR"];
            429: components["responses"]["TOO_MANY_REQUESTS"];
            500: components["responses"]["INTERNAL_ERROR"];
            502: components["responses"]["BAD_GATEWAY"];
            503: components["responses"]["MODEL_UNAVAILABLE_OVERLOADED"];
            504: components["responses"]["TIMEOUT"];
        };
    };
    match_faces_api_v1_match_faces_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MatchRequest"];
            };
        };
        responses: {
            /** @description One match for each photo, in the order sent. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MatchResponse"];
                };
            };
            400: components["responses"]["INVALID_EMBEDDING"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            405: components["responses"]["METHOD_NOT_ALLOWED"];
            409: components["responses"]["MODEL_MISMATCH"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            422: components["responses"]["VALIDATION_ERROR"];
            429: components["responses"]["TOO_MANY_REQUESTS"];
            500: components["responses"]["INTERNAL_ERROR"];
            502: components["responses"]["BAD_GATEWAY"];
            503: components["responses"]["MODEL_UNAVAILABLE_OVERLOADED"];
            504: components["responses"]["TIMEOUT"];
        };
    };
    warm_up_api_v1_warm_up_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model is loaded. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WarmUpResponse"];
                };
            };
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            405: components["responses"]["METHOD_NOT_ALLOWED"];
            429: components["responses"]["TOO_MANY_REQUESTS"];
            500: components["responses"]["INTERNAL_ERROR"];
            502: components["responses"]["BAD_GATEWAY"];
            503: components["responses"]["MODEL_UNAVAILABLE_OVERLOADED"];
            504: components["responses"]["TIMEOUT"];
        };
    };
    compare_faces_api_v1_compare_faces_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompareRequest"];
            };
        };
        responses: {
            /** @description Whether two embeddings show the same person, and how far apart they are. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CompareResponse"];
                };
            };
            400: components["responses"]["INVALID_EMBEDDING"];
            403: components["responses"]["FORBIDDEN"];
            404: components["responses"]["NOT_FOUND"];
            405: components["responses"]["METHOD_NOT_ALLOWED"];
            409: components["responses"]["MODEL_MISMATCH"];
            413: components["responses"]["PAYLOAD_TOO_LARGE"];
            422: components["responses"]["VALIDATION_ERROR"];
            429: components["responses"]["TOO_MANY_REQUESTS"];
            500: components["responses"]["INTERNAL_ERROR"];
            502: components["responses"]["BAD_GATEWAY"];
            /** @description - `OVERLOADED`: Too many requests are waiting: try again in a moment. */
            503: {
                headers: {
                    /** @description Seconds to wait before the next try. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorResponse"];
                };
            };
            504: components["responses"]["TIMEOUT"];
        };
    };
}
