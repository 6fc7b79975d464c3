"""The optional workflow over a bucket in template.yaml."""

from face_service.settings import Settings
from functions.bulk.settings import BulkSettings
from functions.bulk.storage import StorageRefused, StorageUnavailable
from tests.support.paths import ROOT
from tests.support.template import TEMPLATE, resources, statements, walk, workflow_of
from tools.translate_template import DEPLOYMENTS, allows, resolve

KEY, BUCKET = DEPLOYMENTS["key"], DEPLOYMENTS["bucket"]
WITHOUT = {**BUCKET, "PhotosBucket": ""}
BULK = {"BulkFunction", "ExpandFunction", "EmbedBucket", "BulkFails"}
BULK |= {f"{name}Role" for name in ("Bulk", "Expand", "EmbedBucket")} | {"BulkLogs", "ExpandLogs"}
PHOTOS = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${PhotosBucket}/${PhotosPrefix}*"}
RESULTS = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${ResultsBucket}/${ResultsPrefix}*"}


def test_without_a_bucket_nothing_of_the_workflow_is_made() -> None:
    assert set(resources(BUCKET)) - set(resources(WITHOUT)) == BULK
    outputs = [set(resolve(TEMPLATE, v)["Outputs"]) for v in (BUCKET, WITHOUT)]
    assert outputs[0] - outputs[1] == {"EmbedBucketWorkflow", "PhotosBucketName", "ResultsLocation"}
    assert not allows(TEMPLATE, {**KEY, "PhotosBucket": "photos"})


def test_only_the_workflow_reaches_the_bucket() -> None:
    assert (
        statements("BulkRole").items() >= {"s3:GetObject": PHOTOS, "s3:PutObject": RESULTS}.items()
    )
    listed = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${PhotosBucket}"}
    granted = statements("ExpandRole")
    assert (
        granted.items() >= {"s3:ListBucket": listed, "s3:GetObject s3:PutObject": RESULTS}.items()
    )
    assert statements("EmbedBucketRole")["s3:GetObject"] == RESULTS
    for name, resource in TEMPLATE["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role" and name not in BULK:
            actions = " ".join(statements(name))
            assert "s3:" not in actions, name
            assert "states:" not in actions, name
    (condition,) = (s for s in walk(TEMPLATE["Resources"]["ExpandRole"]) if "StringLike" in s)
    assert condition == {"StringLike": {"s3:prefix": {"Fn::Sub": "${PhotosPrefix}*"}}}


def test_the_workflow_calls_its_functions_and_maps_over_itself_only() -> None:
    granted = statements("EmbedBucketRole")
    functions = [{"Fn::GetAtt": [name, "Arn"]} for name in ("BulkFunction", "ExpandFunction")]
    assert granted["lambda:InvokeFunction"] == functions
    name = TEMPLATE["Resources"]["EmbedBucket"]["Properties"]["StateMachineName"]["Fn::Sub"]
    assert granted["states:StartExecution"]["Fn::Sub"].endswith(f":stateMachine:{name}")
    executions = granted["states:DescribeExecution states:StopExecution"]["Fn::Sub"]
    assert executions.endswith(f":execution:{name}/*")


def test_bulk_and_expand_are_the_extract_image_with_another_command() -> None:
    extract = TEMPLATE["Resources"]["ExtractFunction"]
    for name, module in (("BulkFunction", "handler"), ("ExpandFunction", "expand")):
        function = TEMPLATE["Resources"][name]
        assert function["Metadata"] == extract["Metadata"]
        (command,) = function["Properties"]["ImageConfig"]["Command"]
        assert command == f"functions.bulk.{module}.handler"
        source = (ROOT / f"functions/bulk/{module}.py").read_text("utf-8")
        assert "\ndef handler(" in source
        known = {field.upper() for field in (*Settings.model_fields, *BulkSettings.model_fields)}
        assert set(function["Properties"]["Environment"]["Variables"]) <= known
    model = ("FACE_MODEL", "DETECTOR", "ALIGNMENT", "RETINAFACE_REGIONS")
    bulk, ours = (
        TEMPLATE["Resources"][name]["Properties"]["Environment"]["Variables"]
        for name in ("BulkFunction", "ExtractFunction")
    )
    assert [bulk[name] for name in model] == [ours[name] for name in model]


def test_the_api_keeps_its_concurrency() -> None:
    deployed = resources(BUCKET)
    reserved = deployed["BulkFunction"]["Properties"]["ReservedConcurrentExecutions"]
    assert (
        workflow_of({"Resources": deployed})["States"]["EmbedBatches"]["MaxConcurrency"] == reserved
    )
    # A quarter of the 1,000 that an account has by default.
    assert reserved == 1000 // 4


def test_the_workflow_tries_again_what_may_pass() -> None:
    states = workflow_of({"Resources": resources(BUCKET)})["States"]
    batch = states["EmbedBatches"]["ItemProcessor"]["States"]["EmbedBatch"]
    assert batch["Retry"] == states["Expand"]["Retry"]
    (retry,) = batch["Retry"]
    assert StorageUnavailable.__name__ in retry["ErrorEquals"]
    assert StorageRefused.__name__ not in retry["ErrorEquals"]
    assert "Lambda.TooManyRequestsException" in retry["ErrorEquals"]
    assert (retry["BackoffRate"], retry["JitterStrategy"]) == (2, "FULL")
    assert 0 < states["EmbedBatches"]["ToleratedFailurePercentage"] < 100
    timeout_s = TEMPLATE["Resources"]["BulkFunction"]["Properties"]["Timeout"]
    assert batch["TimeoutSeconds"] > timeout_s
