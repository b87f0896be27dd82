import pytest
from loginformant_shipper.parsing.sources import logger_of, source_of_log_group, source_of_log_stream


@pytest.mark.parametrize(
    ("log_group", "source"),
    [
        ("/aws/lambda/orders", "orders"),
        ("/aws/lambda/us-east-1.orders", "orders"),
        ("/aws/lambda/us-gov-west-1.orders", "orders"),
        ("/aws/lambda/shop.orders", "shop.orders"),
        ("/aws/lambda/us-east-1.", "us-east-1."),
        ("/aws/lambda/function", "function"),
        ("/aws/lambda/error", "error"),
        ("/aws/lambda/billing-Logs", "billing-Logs"),
        ("/aws/lambda/web", "web"),
        ("/aws/lambda/web/shop", "shop"),
        ("/aws/lambda/web/shop.local", "shop"),
        ("/aws/lambda/shop.local", "shop.local"),
        ("/aws/rds/instance/shop-db/error", "shop-db"),
        ("/aws/rds/cluster/shop-db/postgresql", "shop-db"),
        ("/aws/rds/proxy/shop-proxy", "shop-proxy"),
        ("/aws/docdb/shop-docs/profiler", "shop-docs"),
        ("/aws/eks/prod/cluster", "prod"),
        ("/aws/containerinsights/prod/application", "prod"),
        ("/aws/ecs/containerinsights/prod/performance", "prod"),
        ("/ecs/checkout", "checkout"),
        ("/ecs/shop/checkout", "shop/checkout"),
        ("/aws/codebuild/shop", "shop"),
        ("/aws/apprunner/shop/0123abcd/application", "shop"),
        ("/aws/elasticbeanstalk/shop-env/var/log/web.stdout.log", "shop-env"),
        ("/aws/vendedlogs/states/billing", "billing"),
        ("/aws/vendedlogs/states/billing-Logs", "billing"),
        ("/aws/vendedlogs/events/event-bus/orders", "orders"),
        ("/aws/vendedlogs/vpclattice/shop-network", "shop-network"),
        ("/aws/vendedlogs/vpc-lattice/access-logs/shop", "shop"),
        ("/aws/vendedlogs/pipes/fulfilment", "fulfilment"),
        ("/aws/vendedlogs/apigateway/shop/access", "shop"),
        ("/aws/vendedlogs/bedrock/knowledge-base/APPLICATION_LOGS/KB12", "KB12"),
        ("/aws/vendedlogs/events", "events"),
        ("/aws/apigateway/shop", "shop"),
        ("/aws/appsync/apis/a1b2c3", "a1b2c3"),
        ("/aws/OpenSearchService/domains/search/application-logs", "search"),
        ("/aws/sagemaker/Endpoints/prices", "prices"),
        ("/aws/sagemaker/Clusters/training/a1b2c3d4e5f6", "training"),
        ("/aws/sagemaker/TrainingJobs", "sagemaker/TrainingJobs"),
        ("/aws/cloudfront/function/redirect", "redirect"),
        ("/aws/cloudfront/LambdaEdge/E2EXAMPLE", "E2EXAMPLE"),
        ("/aws/greengrass/UserComponent/eu-west-1/com.example.Sensor", "com.example.Sensor"),
        ("/aws/greengrass/GreengrassSystemComponent/eu-west-1/System", "System"),
        ("/aws/greengrass/own", "own"),
        ("/aws/batch/job", "batch/job"),
        ("/aws/glue/jobs/output", "glue/jobs/output"),
        ("API-Gateway-Execution-Logs_a1b2c3/prod", "API Gateway a1b2c3/prod"),
        ("aws-waf-logs-shop", "shop"),
        ("aws-waf-logs-", "aws-waf-logs-"),
        ("sns/eu-west-1/123456789012/alerts/Failure", "alerts"),
        ("/var/log/messages", "/var/log/messages"),
        ("shop", "shop"),
        ("/ecs", "/ecs"),
        ("/aws/lambda", "lambda"),
        ("/aws", "/aws"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_the_source_of_a_log_group_is_the_name_of_its_writer(log_group: str, source: str) -> None:
    assert source_of_log_group(log_group) == source


ENVIRONMENT = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("log_group", ["/app/prod", "prod", "/aws/lambda/prod"])
@pytest.mark.parametrize(
    ("log_stream", "function"),
    [
        (f"2026/12/01/orders[$LATEST]{ENVIRONMENT}", "orders"),
        (f"2026/12/01/shop-Orders_2[42]{ENVIRONMENT}", "shop-Orders_2"),
        (f"2026/12/01/orders[live-blue]{ENVIRONMENT}", "orders"),
        (f"2026/12/01/orders[$LATEST][{ENVIRONMENT}]", "orders"),
        (f"2026/12/01/{'o' * 140}[$LATEST]{ENVIRONMENT}", "o" * 140),
    ],
)
def test_a_log_stream_that_names_a_function_has_the_function_as_source(
    log_group: str, log_stream: str, function: str
) -> None:
    assert source_of_log_stream(log_group, log_stream) == function


@pytest.mark.parametrize(
    "log_stream",
    [
        f"2026/12/01/[$LATEST]{ENVIRONMENT}",
        f"2026/12/01/[42]{ENVIRONMENT}",
        "2026/12/01/orders[$LATEST]a1b2",
        f"2026/12/01/orders[]{ENVIRONMENT}",
        f"2026/12/01/orders[$LATEST]{ENVIRONMENT}\n",
        f"copy/2026/12/01/orders[$LATEST]{ENVIRONMENT}",
        "orders/web/0123456789abcdef",
        "",
    ],
)
def test_any_other_log_stream_has_the_source_of_its_log_group(log_stream: str) -> None:
    assert source_of_log_stream("/app/prod", log_stream) == "/app/prod"
    assert source_of_log_stream("/aws/lambda/us-east-1.orders", log_stream) == "orders"


@pytest.mark.parametrize(
    ("fields", "name", "field"),
    [
        ({"logger": "shop.orders"}, "shop.orders", "logger"),
        ({"logger_name": "com.example.Orders"}, "com.example.Orders", "logger_name"),
        ({"loggerName": "com.example.Orders"}, "com.example.Orders", "loggerName"),
        ({"log.logger": "com.example.Orders"}, "com.example.Orders", "log.logger"),
        ({"log": {"logger": "com.example.Orders", "level": "info"}}, "com.example.Orders", None),
        ({"_log_logger": "com.example.Orders"}, "com.example.Orders", "_log_logger"),
        ({"SourceContext": "Shop.Orders"}, "Shop.Orders", "SourceContext"),
        ({"Properties": {"SourceContext": "Shop.Orders"}}, "Shop.Orders", None),
        ({"name": "shop", "pid": 7, "hostname": "a", "level": 30}, "shop", "name"),
        ({"name": "shop", "levelname": "INFO"}, "shop", "name"),
        ({"channel": "shop", "level_name": "INFO"}, "shop", "channel"),
        ({"level": "INFO", "fields": {"message": "x"}, "target": "shop::orders"}, "shop::orders", "target"),
        ({"level": "INFO", "message": "x", "target": "shop", "spans": []}, "shop", "target"),
        ({"Category": "Shop.Orders", "LogLevel": "Information"}, "Shop.Orders", "Category"),
    ],
)
def test_the_logger_of_a_structured_log_is_found(
    fields: dict[str, object], name: str, field: str | None
) -> None:
    assert logger_of(fields) == (name, field)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "Ada", "level": "info"},
        {"channel": "email"},
        {"Category": "hats"},
        {"context": "checkout"},
        {"target": "/orders", "level": "INFO"},
        {"logger": ""},
        {"logger": " "},
        {"logger": "root"},  # AWS Lambda's JSON format for Python, unless the function names a logger
        {"loggerName": "ROOT"},
        {"logger": {"name": "shop"}},
        {"logger": 7},
        {"log": "hello"},
        {"log": {"level": "info"}},
    ],
)
def test_a_log_without_a_logger_name_has_no_logger(fields: dict[str, object]) -> None:
    assert logger_of(fields) is None
