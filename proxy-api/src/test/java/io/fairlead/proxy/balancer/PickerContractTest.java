package io.fairlead.proxy.balancer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What needs another deadline than half a minute; the rest is tested with the strategies. */
class PickerContractTest {

    @Test
    void pickerThatHangs_isFound() {
        CountDownLatch never = new CountDownLatch(1);
        TargetPicker hangs = (candidates, exchange) -> {
            if (candidates.size() == 3) {
                try {
                    never.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            return 0;
        };
        assertThatThrownBy(() -> PickerContract.verify(() -> hangs, 1))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("3 candidates: still picking after 1 s");
    }

    @Test
    void supplierThatThrows_isToldAsItIs() {
        assertThatThrownBy(() -> PickerContract.verify(() -> {
                    throw new IllegalStateException("no picker");
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no picker");
    }
}
