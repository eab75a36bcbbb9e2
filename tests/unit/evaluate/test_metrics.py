import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import auc, mean_absolute_error, roc_auc_score

from app.core.layout import IBUG68
from app.evaluate.metrics import (
    FAILURE_LIMIT,
    angle_errors,
    area_under_curve,
    bootstrap_interval,
    cumulative_curve,
    eye_distances,
    failure_rate,
    inside,
    jitter,
    keypoint_score,
    nme,
    nme_of_one,
    point_errors,
    region_points,
    roc_auc,
)


def faces(count: int, eye_distance: float = 50.0) -> np.ndarray:
    points = np.random.default_rng(0).uniform(0, 100, (count, 68, 2))
    points[:, 36], points[:, 45] = (20, 40), (20 + eye_distance, 40)
    return points.astype(np.float32)


def test_an_error_is_a_share_of_the_eye_distance_of_the_truth() -> None:
    truth = faces(3, eye_distance=40.0)
    errors = point_errors(truth + np.float32([3, 4]), truth, IBUG68)
    assert errors == pytest.approx(np.full((3, 68), 5 / 40), rel=1e-4)
    assert nme(errors) == pytest.approx([5 / 40] * 3, rel=1e-4)
    assert eye_distances(truth, IBUG68) == pytest.approx([40.0] * 3)


def test_points_that_do_not_count_change_nothing() -> None:
    truth = faces(2)
    predicted = truth.copy()
    predicted[:, 8] += 1000
    counts = np.ones((2, 68), bool)
    counts[:, 8] = False
    assert nme(point_errors(predicted, truth, IBUG68, counts=counts)) == pytest.approx([0, 0])
    truth[:, 8] = np.nan
    assert nme(point_errors(predicted, truth, IBUG68)) == pytest.approx([0, 0])


def test_a_face_that_was_not_found_fails_and_one_without_truth_is_left_out() -> None:
    truth = faces(3)
    predicted = truth.copy()
    predicted[0] = np.nan
    truth[1] = np.nan
    errors = nme(point_errors(predicted, truth, IBUG68))
    assert errors[0] == np.inf
    assert np.isnan(errors[1])
    assert failure_rate(errors) == pytest.approx(0.5)
    assert area_under_curve(errors) == pytest.approx(0.5)


def test_shapes_that_disagree_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(2, 68, 2\).*\(2, 15, 2\)"):
        point_errors(np.zeros((2, 15, 2)), faces(2), IBUG68)


def test_the_area_under_the_curve_is_what_integrating_the_curve_gives() -> None:
    errors = np.random.default_rng(1).uniform(0, 0.2, 500)
    steps = (np.arange(20000) + 0.5) * 0.08 / 20000
    curve = [(errors <= step).mean() for step in steps]
    assert area_under_curve(errors) == pytest.approx(np.mean(curve), abs=1e-4)
    assert area_under_curve(np.zeros(3)) == 1.0
    assert area_under_curve(np.ones(3)) == 0.0


def test_without_faces_the_rates_are_unknown() -> None:
    assert np.isnan(failure_rate(np.array([np.nan])))
    assert np.isnan(area_under_curve(np.array([])))


def test_inside_counts_the_outer_halves_of_the_border_pixels() -> None:
    points = np.array([[[-0.5, 0], [-0.6, 0], [9.5, 4.5], [9.6, 4]]])
    assert inside(points, 10, 5).tolist() == [[True, False, True, False]]


def test_the_roc_area_counts_pairs_in_order_and_ties_half() -> None:
    scores, positive = np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])
    assert roc_auc(scores, positive) == pytest.approx((2 + 1.5) / 4)
    assert np.isnan(roc_auc(scores, np.ones(4, bool)))


def test_the_cumulative_curve_encloses_the_area() -> None:
    errors = np.array([0.01, 0.03, 0.05, 0.2, np.inf, np.nan])
    limits = np.array([0.0, 0.01, 0.04, 0.08])
    assert cumulative_curve(errors, limits) == pytest.approx([0, 0.2, 0.4, 0.6])
    curve = cumulative_curve(errors, np.linspace(0, 0.08, 80001))
    trapezoids = (curve[:-1] + curve[1:]).mean() / 2
    assert area_under_curve(errors) == pytest.approx(trapezoids, abs=1e-5)
    # By hand: (0.07 + 0.05 + 0.03) / 5 faces / 0.08.
    assert area_under_curve(errors) == pytest.approx(0.375)
    assert np.isnan(cumulative_curve(np.array([np.nan]), limits)).all()


def test_the_bootstrap_interval_is_that_of_the_mean_and_always_the_same() -> None:
    values = np.random.default_rng(3).normal(5.0, 1.0, 400)
    interval = bootstrap_interval(values)
    assert interval == bootstrap_interval(values.copy())
    assert interval is not None
    half = 1.96 * values.std() / 20
    assert interval == pytest.approx((values.mean() - half, values.mean() + half), abs=0.02)
    assert bootstrap_interval(np.array([2.0, 2.0])) == (2.0, 2.0)
    assert bootstrap_interval(np.array([2.0])) is None


def test_angles_differ_the_short_way_round() -> None:
    assert angle_errors(np.array([170.0, 5.0]), np.array([-170.0, -5.0])).tolist() == [20, 10]


def test_the_regions_hold_every_point_once() -> None:
    regions = region_points(IBUG68)
    assert list(regions) == ["jaw", "brows", "nose", "eyes", "mouth"]
    assert sorted(i for points in regions.values() for i in points) == list(range(68))


def still_face(count: int) -> np.ndarray:
    return np.repeat(faces(1, eye_distance=50.0), count, axis=0).astype(np.float64)


def test_jitter_is_the_bend_of_the_error_and_no_constant_or_steady_shift() -> None:
    truth = still_face(4) + np.array([0, 3, 20, 4])[:, None, None]
    frame, person = np.arange(4), np.zeros(4, int)
    drift = np.arange(4)[:, None, None] * 2.0 + 7
    assert jitter(truth + drift, truth, IBUG68, frame=frame, person=person) == pytest.approx([0, 0])
    trembling = truth.copy()
    trembling[1::2, :, 0] += 5  # 0, 5, 0, 5: second differences -10 and 10 pixels
    values = jitter(trembling, truth, IBUG68, frame=frame, person=person)
    assert values == pytest.approx([10 / 50, 10 / 50])


def test_jitter_needs_three_frames_in_a_row_of_one_person() -> None:
    truth = still_face(6)
    predicted = truth + np.random.default_rng(0).normal(size=truth.shape)
    frame, person = np.array([0, 0, 1, 1, 2, 3]), np.array([0, 1, 0, 1, 0, 1])
    assert len(jitter(predicted, truth, IBUG68, frame=frame, person=person)) == 1
    predicted[2] = np.nan  # person 0 was missed in the middle
    assert len(jitter(predicted, truth, IBUG68, frame=frame, person=person)) == 0
    assert len(jitter(predicted[:2], truth[:2], IBUG68, frame=frame[:2], person=person[:2])) == 0


def test_pictures_of_several_sizes_are_told_apart() -> None:
    points = np.array([[[15.0, 5.0]], [[15.0, 5.0]]])
    within = inside(points, np.array([[10], [20]]), np.array([[10], [10]]))
    assert within.tolist() == [[False], [True]]


def test_the_area_under_the_curve_is_that_of_scikit_learn() -> None:
    errors = np.concatenate([np.random.default_rng(4).uniform(0, 0.2, 300), [np.inf, np.nan]])
    within = np.sort(errors[errors < FAILURE_LIMIT])
    shares = np.arange(len(within) + 1) / 301  # the face without truth is left out
    # The corners of the staircase: up at each error, level until the next.
    x = np.concatenate([[0], np.repeat(within, 2), [FAILURE_LIMIT]])
    assert area_under_curve(errors) == pytest.approx(auc(x, np.repeat(shares, 2)) / FAILURE_LIMIT)


def test_the_roc_area_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    scores, positive = rng.integers(0, 20, 400) / 20, rng.random(400) < 0.3
    assert roc_auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


def test_the_bootstrap_interval_is_that_of_scipy() -> None:
    values = np.random.default_rng(6).gamma(2.0, 0.02, 300)
    public = bootstrap(
        (values,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(0)
    ).confidence_interval
    assert bootstrap_interval(values) == pytest.approx((public.low, public.high), rel=0.02)


def test_angle_errors_average_as_scikit_learn_averages_them() -> None:
    truth, said = np.random.default_rng(7).uniform(-80, 80, (2, 50, 3))
    public = mean_absolute_error(truth, said, multioutput="raw_values")
    assert angle_errors(said, truth).mean(axis=0) == pytest.approx(public)


def test_the_score_is_half_the_reciprocal_of_the_mean_over_faces() -> None:
    truth = np.zeros((2, 15, 2))
    predicted = truth.copy()
    predicted[0] += 0.1
    assert keypoint_score(predicted, truth) == pytest.approx(1 / (2 * 0.01 / 2))
    counts = np.ones((2, 15), bool)
    counts[1] = False  # nothing is known of this face
    assert keypoint_score(predicted, truth, counts=counts) == pytest.approx(50)
    counts[0, :10] = False  # the others decide, each as much as before
    assert keypoint_score(predicted, truth, counts=counts) == pytest.approx(50)
    assert np.isnan(keypoint_score(predicted, np.full_like(truth, np.nan)))


def test_the_quick_error_of_one_face_is_that_of_the_definition() -> None:
    truth = faces(6).astype(np.float32)
    predicted = truth + np.random.default_rng(8).normal(0, 3, truth.shape).astype(np.float32)
    truth[1, 5], truth[2, 7] = np.nan, (-4, 10)
    counts = inside(truth, 90, 95)
    expected = nme(point_errors(predicted, truth, IBUG68, counts=counts))
    for place, error in enumerate(expected):
        one = nme_of_one(predicted[place], truth[place], IBUG68, width=90, height=95)
        assert one == pytest.approx(error, rel=1e-5)
    nothing = np.full((68, 2), np.nan, np.float32)
    assert np.isnan(nme_of_one(predicted[0], nothing, IBUG68, width=90, height=95))
